// Gaps in lines.
import { FieldType, type DataFrame } from '@grafana/data';

/**
 * A null where more than a step is missing, so that the line breaks there. `TimeSeries` of @grafana/ui does that for the first
 * frame only. A value that is not a number is a gap, too.
 */
export function withGaps(frame: DataFrame): DataFrame {
  const time = frame.fields.find((field) => field.type === FieldType.time);
  if (!time) {
    return frame;
  }
  const stepMs = time.config.interval ?? Infinity;
  const times: number[] = [];
  /** Where each point comes from; absent for an inserted one. */
  const origins: Array<number | undefined> = [];
  time.values.forEach((moment: number, index: number) => {
    const last = times.at(-1);
    if (last !== undefined && moment - last > stepMs) {
      times.push(last + stepMs);
      origins.push(undefined);
    }
    times.push(moment);
    origins.push(index);
  });
  const fields = frame.fields.map((field) => {
    if (field === time) {
      return { ...field, values: times };
    }
    const isDrawn = (value: unknown) => field.type !== FieldType.number || Number.isFinite(value);
    const valueAt = (index: number | undefined) => (index !== undefined && isDrawn(field.values[index]) ? field.values[index] : null);
    return { ...field, values: origins.map(valueAt) };
  });
  return { ...frame, length: times.length, fields };
}
