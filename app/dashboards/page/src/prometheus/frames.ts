// Series of Prometheus as data frames, and cumulative buckets as the rows of a heatmap.
import { DataFrameType, FieldType, type DataFrame, type Field } from '@grafana/data';
import { parseValue, type Labels, type Series } from './api';

export interface FrameOptions {
  refId: string;
  /** The query as it was sent: the name of a series without labels. */
  expr: string;
  /** Absent in an instant query. */
  stepMs?: number;
  /** The legend, in which `{{label}}` stands for the value of a label. Absent: name and labels of the series. */
  legend?: string;
}

export function frameOf({ metric, samples }: Series, options: FrameOptions): DataFrame {
  const { refId, expr, stepMs, legend } = options;
  const name = legend === undefined || legend === '__auto' ? seriesName(metric, expr) : fillIn(legend, metric);
  const { __name__: _, ...labels } = metric;
  return {
    refId,
    name,
    length: samples.length,
    meta: { type: DataFrameType.TimeSeriesMulti, typeVersion: [0, 1], executedQueryString: expr },
    fields: [
      { name: 'Time', type: FieldType.time, config: { interval: stepMs }, values: samples.map(([time]) => Math.round(time * 1000)) },
      { name: 'Value', type: FieldType.number, labels, config: { displayNameFromDS: name }, values: samples.map(([, value]) => parseValue(value)) },
    ],
  };
}

/** A label that a series lacks keeps its name, as in Grafana. */
export function fillIn(format: string, labels: Labels): string {
  return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label: string) => labels[label] || label);
}

export function seriesName({ __name__: metric = '', ...labels }: Labels, fallback: string): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length > 0 ? `${metric}{${pairs.join(', ')}}` : metric || fallback;
}

/**
 * The frames of cumulative buckets, told apart by their label `le`, as one frame with a field for each bucket: how much lies between
 * its bound and the one below. Its time is that of all buckets; where a bucket has no sample, nor has its field.
 */
export function heatmapRows(frames: DataFrame[]): DataFrame[] {
  const buckets = frames
    .map((frame) => ({ frame, bound: parseValue(valueField(frame)?.labels?.le ?? 'NaN') }))
    .filter(({ bound }) => !Number.isNaN(bound))
    .sort((one, other) => one.bound - other.bound);
  const first = buckets[0]?.frame;
  const time = first?.fields[0];
  if (!first || !time) {
    return frames;
  }
  const times = [...new Set(buckets.flatMap(({ frame }) => timesOf(frame)))].sort((one, other) => one - other);
  let below: Array<number | null> = times.map(() => 0);
  const fields = buckets.map(({ frame }) => {
    const field = valueField(frame);
    const at = new Map(timesOf(frame).map((moment, index) => [moment, Number(field?.values[index])]));
    const upTo = times.map((moment) => at.get(moment) ?? null);
    // Buckets are scraped together but not at one instant: a difference may come out below 0.
    const values = upTo.map((count, index) => (count === null ? null : Math.max(0, count - (below[index] ?? 0))));
    below = upTo;
    return { name: field?.labels?.le ?? '', type: FieldType.number, labels: field?.labels, config: { ...field?.config }, values };
  });
  return [
    {
      refId: first.refId,
      length: times.length,
      meta: { ...first.meta, type: DataFrameType.HeatmapRows },
      fields: [{ ...time, values: times }, ...fields],
    },
  ];
}

function valueField(frame: DataFrame): Field | undefined {
  return frame.fields[1];
}

function timesOf(frame: DataFrame): number[] {
  return frame.fields[0]?.values ?? [];
}
