// What Grafana would do with a panel, and this page does not: said in that panel.
import type { Panel } from '@grafana/schema';

export function limits(panel: Panel): string[] {
  const options = panel.options ?? {};
  const legend = options.legend as { showLegend?: boolean } | undefined;
  return [
    panel.repeat && `Grafana repeats this panel for each value of $${panel.repeat}; here it is drawn once.`,
    panel.timeShift && `Grafana shifts the time of this panel by ${panel.timeShift}; here it is not shifted.`,
    panel.timeFrom && `Grafana shows the last ${panel.timeFrom} in this panel; here it follows the dashboard.`,
    panel.libraryPanel && 'This panel comes from a library, which only Grafana has.',
    panel.type === 'heatmap' && options.calculate && 'Grafana makes the buckets of this heatmap; here only those of a histogram are drawn.',
    panel.type === 'stat' && options.showPercentChange && 'The change in percent is not drawn here.',
    panel.type === 'state-timeline' && legend?.showLegend && 'The legend of this panel is not drawn here.',
  ].filter((text) => typeof text === 'string');
}
