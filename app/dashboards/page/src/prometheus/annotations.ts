// Annotations: events made of the series that a query returns.
import type { AnnotationEvent, AnnotationQuery, DataFrame } from '@grafana/data';

/** The part of an annotation's definition that says how its events look. */
interface EventFormat extends AnnotationQuery {
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
}

/** Points above 0 that are no more than a step apart are one event, which lasts from the first to the last. */
export function events(annotation: EventFormat, frames: DataFrame[]): AnnotationEvent[] {
  return frames.flatMap((frame) => {
    const [time, value] = frame.fields;
    const labels = value?.labels ?? {};
    const stepMs = time?.config.interval ?? 0;
    const fill = (format = '') => format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label: string) => labels[label] ?? '');
    const tags = (annotation.tagKeys ?? '').split(',').flatMap((label) => labels[label.trim()] ?? []);
    const spans: Array<{ time: number; timeEnd: number }> = [];
    for (let index = 0; index < frame.length; index++) {
      const moment: number = time?.values[index];
      if (!(value?.values[index] > 0)) {
        continue;
      }
      const last = spans.at(-1);
      if (last && moment - last.timeEnd <= stepMs) {
        last.timeEnd = moment;
      } else {
        spans.push({ time: moment, timeEnd: moment });
      }
    }
    return spans.map((span) => ({
      ...span,
      isRegion: span.timeEnd > span.time,
      title: fill(annotation.titleFormat),
      text: fill(annotation.textFormat),
      tags,
      annotation,
    }));
  });
}
