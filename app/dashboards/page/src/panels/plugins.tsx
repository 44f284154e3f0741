// The kinds of panels, each with the options that hold where a dashboard leaves them out. They are Grafana's.
import type { ComponentType } from 'react';
import { FieldColorModeId, FieldConfigProperty, identityOverrideProcessor, PanelPlugin, type PanelPluginMeta, type PanelProps } from '@grafana/data';
import { HeatmapPanel } from './heatmap';
import { Message } from './nodata';
import { BarGaugePanel, StatPanel } from './single';
import { unsupported, TextPanel } from './text';
import { StateTimelinePanel } from './timeline';
import { TimeSeriesPanel } from './timeseries';

/** Values by their path, such as `legend.placement`. */
type Defaults = Record<string, unknown>;

interface Kind {
  options: Defaults;
  /** Options of a field that only this kind of panel has. */
  fieldOptions?: Defaults;
  color?: FieldColorModeId;
  /** Whether it asks for data. */
  queries?: boolean;
  /** Whether annotations are drawn in it. */
  annotations?: boolean;
}

const hideFrom = { tooltip: false, viz: false, legend: false };
const reduce = { 'reduceOptions.values': false, 'reduceOptions.calcs': ['lastNotNull'], 'reduceOptions.fields': '', orientation: 'auto' };

const timeseries: Kind = {
  annotations: true,
  color: FieldColorModeId.PaletteClassic,
  options: {
    'legend.showLegend': true,
    'legend.displayMode': 'list',
    'legend.placement': 'bottom',
    'legend.calcs': [],
    'tooltip.mode': 'single',
    'tooltip.sort': 'none',
  },
  fieldOptions: {
    drawStyle: 'line',
    lineInterpolation: 'linear',
    lineWidth: 1,
    lineStyle: { fill: 'solid' },
    fillOpacity: 0,
    gradientMode: 'none',
    spanNulls: false,
    showPoints: 'auto',
    pointSize: 5,
    barAlignment: 0,
    barWidthFactor: 0.6,
    stacking: { mode: 'none', group: 'A' },
    thresholdsStyle: { mode: 'off' },
    axisPlacement: 'auto',
    axisLabel: '',
    axisColorMode: 'text',
    axisBorderShow: false,
    axisCenteredZero: false,
    axisGridShow: undefined,
    axisWidth: undefined,
    axisSoftMin: undefined,
    axisSoftMax: undefined,
    scaleDistribution: { type: 'linear' },
    hideFrom,
  },
};

const stat: Kind = {
  color: FieldColorModeId.Thresholds,
  options: { ...reduce, textMode: 'auto', colorMode: 'value', graphMode: 'area', justifyMode: 'auto', wideLayout: true, showPercentChange: false },
};

const bargauge: Kind = {
  color: FieldColorModeId.Thresholds,
  options: {
    ...reduce,
    displayMode: 'gradient',
    valueMode: 'color',
    namePlacement: 'auto',
    showUnfilled: true,
    sizing: 'auto',
    minVizWidth: 8,
    minVizHeight: 16,
    maxVizHeight: 300,
  },
};

const stateTimeline: Kind = {
  annotations: true,
  color: FieldColorModeId.ContinuousGrYlRd,
  options: { mergeValues: true, showValue: 'auto', alignValue: 'left', rowHeight: 0.9, 'tooltip.mode': 'single' },
  fieldOptions: { lineWidth: 0, fillOpacity: 70, spanNulls: false, insertNulls: false, hideFrom },
};

const heatmap: Kind = {
  annotations: true,
  color: FieldColorModeId.Thresholds,
  options: {
    calculate: false,
    cellGap: 1,
    showValue: 'never',
    'color.scheme': 'Oranges',
    'color.steps': 64,
    'color.reverse': false,
    'color.scale': 'exponential',
    'color.exponent': 0.5,
    'yAxis.unit': 'short',
    'legend.show': true,
    'tooltip.mode': 'single',
  },
  fieldOptions: { scaleDistribution: { type: 'linear' }, hideFrom },
};

const plugins: Record<string, PanelPlugin> = {
  timeseries: plugin('timeseries', TimeSeriesPanel, timeseries),
  stat: plugin('stat', StatPanel, stat),
  bargauge: plugin('bargauge', BarGaugePanel, bargauge),
  'state-timeline': plugin('state-timeline', StateTimelinePanel, stateTimeline),
  heatmap: plugin('heatmap', HeatmapPanel, heatmap),
  text: plugin('text', TextPanel, { queries: false, options: { mode: 'markdown', content: '' } }),
};

/** What draws panels of this type; for one that cannot be drawn here, what says so. */
export function pluginFor(type: string): PanelPlugin {
  return plugins[type] ?? plugin(type, unsupported(type), { queries: false, options: {} });
}

/** Without any answer, what went wrong is all there is to show: "No data" would be a claim, and in a stat a green one. */
function orErrors<T extends object>(Panel: ComponentType<PanelProps<T>>) {
  return (panel: PanelProps<T>) => {
    const { errors, series } = panel.data;
    const isFailed = errors !== undefined && errors.length > 0 && series.length === 0;
    return isFailed ? <Message text={errors.map((error) => error.message).join('\n')} /> : <Panel {...panel} />;
  };
}

function plugin<T extends object>(type: string, component: ComponentType<PanelProps<T>>, kind: Kind): PanelPlugin {
  const { options, fieldOptions, color, annotations = false, queries = true } = kind;
  const made = new PanelPlugin<T, object>(orErrors(component));
  made.meta = { id: type, name: type, info: { version: '' }, skipDataQuery: !queries } as PanelPluginMeta;
  made.setDataSupport({ annotations, alertStates: annotations });
  made.setPanelOptions((builder) => {
    for (const [path, defaultValue] of Object.entries(options)) {
      builder.addCustomEditor({ id: path, path: path as never, name: path, defaultValue: defaultValue as never, editor: () => null });
    }
  });
  made.useFieldConfig({
    standardOptions: color && {
      [FieldConfigProperty.Color]: {
        settings: { byValueSupport: true, bySeriesSupport: true, preferThresholdsMode: false },
        defaultValue: { mode: color },
      },
    },
    useCustomConfig: (builder) => {
      for (const [path, defaultValue] of Object.entries(fieldOptions ?? {})) {
        builder.addCustomEditor({
          id: path,
          path: path as never,
          name: path,
          defaultValue: defaultValue as never,
          editor: () => null,
          override: () => null,
          process: identityOverrideProcessor,
          shouldApply: () => true,
        });
      }
    },
  });
  return made as PanelPlugin;
}
