// The step of a range query, and the window of `$__rate_interval`.

/** Prometheus refuses a range query with more points. */
const MAX_POINTS = 11_000;

export interface Intervals {
  stepMs: number;
  rateMs: number;
}

/**
 * The rules that Grafana documents: the step is the interval that the width of the panel suggests, but no shorter than the scrape
 * interval; the rate interval is a step and a scrape, but at least four scrapes. A query's own "Min step" takes the place of the
 * scrape interval.
 */
export function intervals(suggestedMs: number, scrapeMs: number, rangeMs: number): Intervals {
  const stepMs = Math.max(suggestedMs, scrapeMs, Math.ceil(rangeMs / MAX_POINTS));
  return { stepMs, rateMs: Math.max(stepMs + scrapeMs, 4 * scrapeMs) };
}

/** Points at multiples of the step, so that a graph which moves on doesn't change where it was. */
export function alignedRange(fromMs: number, toMs: number, stepMs: number) {
  const align = (ms: number) => (Math.floor(ms / stepMs) * stepMs) / 1000;
  return { start: align(fromMs), end: align(toMs), step: stepMs / 1000 };
}

/** A duration as PromQL writes it. */
export function duration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
