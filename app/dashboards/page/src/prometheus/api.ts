// Prometheus' HTTP API, as far as the server passes it on.

export type Labels = Record<string, string>;

/** Seconds since the epoch, and the value as Prometheus writes it. */
export type Sample = [time: number, value: string];

export interface Series {
  metric: Labels;
  samples: Sample[];
}

export interface Range {
  start: number;
  end: number;
  step: number;
}

interface Vector {
  metric: Labels;
  value?: Sample;
}

interface Matrix {
  metric: Labels;
  values?: Sample[];
}

type Result =
  | { resultType: 'vector'; result: Vector[] }
  | { resultType: 'matrix'; result: Matrix[] }
  | { resultType: 'scalar' | 'string'; result: Sample };

type Parameters = Record<string, string | number | string[]>;

export class PrometheusApi {
  constructor(
    private readonly base: string,
    private readonly send: typeof fetch = (input, init) => fetch(input, init),
  ) {}

  async query(query: string, time: number, signal?: AbortSignal): Promise<Series[]> {
    return seriesOf(await this.ask<Result>('query', { query, time }, signal));
  }

  async queryRange(query: string, range: Range, signal?: AbortSignal): Promise<Series[]> {
    return seriesOf(await this.ask<Result>('query_range', { query, ...range }, signal));
  }

  /** The values of a label, of all series or of those that a selector matches. */
  async labelValues(label: string, selector: string | undefined, range: Omit<Range, 'step'>): Promise<string[]> {
    const query = form(selector ? { 'match[]': selector, ...range } : range);
    return this.read(`label/${encodeURIComponent(label)}/values?${query}`, {});
  }

  async labelNames(range: Omit<Range, 'step'>): Promise<string[]> {
    return this.ask('labels', range);
  }

  /** As a form: a long query doesn't fit into an address. */
  private ask<T>(endpoint: string, parameters: Parameters, signal?: AbortSignal): Promise<T> {
    return this.read(endpoint, { method: 'POST', body: form(parameters), signal });
  }

  private async read<T>(path: string, request: RequestInit): Promise<T> {
    const response = await this.send(`${this.base}/${path}`, request);
    const answer: unknown = await response.json().catch(() => undefined);
    if (isSuccess<T>(answer)) {
      return answer.data;
    }
    throw new Error(reason(answer) ?? `Prometheus answered ${response.status} ${response.statusText}`);
  }
}

function form(parameters: Parameters): URLSearchParams {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));
  return new URLSearchParams(pairs);
}

function isSuccess<T>(answer: unknown): answer is { status: 'success'; data: T } {
  return typeof answer === 'object' && answer !== null && 'status' in answer && answer.status === 'success';
}

/** Prometheus has an `error`, the server on the way to it a `detail`. */
function reason(answer: unknown): string | undefined {
  const { error, detail } = (answer ?? {}) as { error?: unknown; detail?: unknown };
  return [error, detail].find((text) => typeof text === 'string');
}

function seriesOf(answer: Result): Series[] {
  switch (answer.resultType) {
    case 'matrix':
      return answer.result.map(({ metric, values }) => ({ metric, samples: values ?? missing() }));
    case 'vector':
      return answer.result.map(({ metric, value }) => ({ metric, samples: [value ?? missing()] }));
    default:
      return [{ metric: {}, samples: [answer.result] }];
  }
}

/** A series that has no samples consists of native histograms. */
function missing(): never {
  throw new Error('Native histograms are not drawn here.');
}

/** Prometheus writes `+Inf`, which `Number` does not read. */
export function parseValue(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}
