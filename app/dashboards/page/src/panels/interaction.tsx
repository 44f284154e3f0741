// What a graph over time answers to: crosshair, tooltip, zoom, pan, and the annotations in it.
import { type ReactNode } from 'react';
import type uPlot from 'uplot';
import { DashboardCursorSync, dateTimeFormat, type DataFrame, type PanelProps } from '@grafana/data';
import { SortOrder, TooltipDisplayMode, type VizTooltipOptions } from '@grafana/schema';
import {
  EventBusPlugin,
  getFieldDisplayItems,
  getFieldDisplayLinks,
  KeyboardPlugin,
  TooltipPlugin2,
  usePanelContext,
  VizTooltipContent,
  VizTooltipFooter,
  VizTooltipHeader,
  VizTooltipWrapper,
  XAxisInteractionAreaPlugin,
  type UPlotConfigBuilder,
} from '@grafana/ui';
import { Annotations } from './annotations';

/** The scope in which `TimeSeries` of @grafana/ui shares its cursor. */
const SYNC_SCOPE = '__global_';

/** What a tooltip is about; the values of an enum that @grafana/ui has but doesn't export. */
export const Hover = { series: 0, everySeries: 1, cell: 2 } as const;

/** Panel options of every graph over time. */
export interface GraphOptions {
  tooltip?: Partial<VizTooltipOptions>;
}

type Indices = Array<number | null>;

/** Draws the tooltip of a point; without one, the values of the series are listed. */
export type RenderTooltip = (indices: Indices, series: number | null, isPinned: boolean) => ReactNode;

interface Props {
  panel: Pick<PanelProps<GraphOptions>, 'options' | 'timeZone' | 'data' | 'onChangeTimeRange'>;
  config: UPlotConfigBuilder;
  /** What is drawn: time first, then a field for each series. */
  frame: DataFrame;
  hover: (typeof Hover)[keyof typeof Hover];
  tooltip?: RenderTooltip;
}

export function Interaction({ panel, config, frame, hover, tooltip }: Props) {
  const { eventBus, sync } = usePanelContext();
  const { options, timeZone, data, onChangeTimeRange } = panel;
  const mode = options.tooltip?.mode ?? TooltipDisplayMode.Single;

  const listValues: RenderTooltip = (indices, series, isPinned) => {
    const [time] = frame.fields;
    const index = indices[0];
    if (!time || index === null || index === undefined) {
      return null;
    }
    const items = getFieldDisplayItems(frame.fields, time, indices, series, mode, options.tooltip?.sort ?? SortOrder.None);
    const field = frame.fields[series ?? 0];
    const links = field && isPinned ? getFieldDisplayLinks(field, indices[series ?? 0] ?? index) : [];
    return (
      <VizTooltipWrapper>
        <VizTooltipHeader item={{ label: '', value: dateTimeFormat(time.values[index], { timeZone }) }} isPinned={isPinned} />
        <VizTooltipContent items={items} isPinned={isPinned} />
        {isPinned && <VizTooltipFooter dataLinks={links} />}
      </VizTooltipWrapper>
    );
  };
  const render = (_plot: uPlot, indices: Indices, series: number | null, isPinned: boolean, viaSync: boolean) =>
    viaSync && sync?.() !== DashboardCursorSync.Tooltip ? null : (tooltip ?? listValues)(indices, series, isPinned);

  return (
    <>
      <KeyboardPlugin config={config} />
      <EventBusPlugin config={config} eventBus={eventBus} frame={frame} />
      <XAxisInteractionAreaPlugin config={config} queryZoom={onChangeTimeRange} />
      {mode !== TooltipDisplayMode.None && (
        <TooltipPlugin2
          config={config}
          hoverMode={hover as number}
          queryZoom={onChangeTimeRange}
          syncMode={sync?.() ?? DashboardCursorSync.Off}
          syncScope={SYNC_SCOPE}
          render={(plot, indices, series, isPinned, _dismiss, _range, viaSync) => render(plot, indices, series, isPinned, viaSync)}
        />
      )}
      <Annotations config={config} frames={data.annotations ?? []} timeZone={timeZone} />
    </>
  );
}

/** The part of a plot's cursor that follows those of the other panels. */
export function cursorSync(sync: (() => DashboardCursorSync) | undefined): Pick<uPlot.Cursor, 'sync'> {
  const isShared = sync !== undefined && sync() !== DashboardCursorSync.Off;
  return isShared ? { sync: { key: SYNC_SCOPE, scales: ['x', null] } } : {};
}
