// What the plots that are made here have in common.
import type { AlignedData } from 'uplot';
import type { DataFrame, GrafanaTheme2, TimeRange, TimeZone } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import type { UPlotConfigBuilder } from '@grafana/ui';

/** Time from left to right, over the whole range that was chosen. */
export function addTimeScale(builder: UPlotConfigBuilder, range: () => TimeRange, timeZone: TimeZone, theme: GrafanaTheme2) {
  builder.addScale({
    scaleKey: 'x',
    isTime: true,
    orientation: ScaleOrientation.Horizontal,
    direction: ScaleDirection.Right,
    range: () => [range().from.valueOf(), range().to.valueOf()],
  });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone, theme });
}

/** A series that the plot knows for its cursor, and does not draw. */
export function hiddenSeries(scaleKey: string, theme: GrafanaTheme2): Parameters<UPlotConfigBuilder['addSeries']>[0] {
  return { scaleKey, theme, show: true, pathBuilder: () => null, pointsBuilder: () => false, lineColor: 'transparent' };
}

/** The columns of a frame, time first; the others as `value` makes them, with their index. */
export function columns(frame: DataFrame | undefined, value: (value: unknown, index: number) => number | null): AlignedData {
  const [time = { values: [] }, ...others] = frame?.fields ?? [];
  return [time.values, ...others.map((field, index) => field.values.map((one) => value(one, index + 1)))];
}
