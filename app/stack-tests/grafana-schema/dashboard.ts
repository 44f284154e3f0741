// What a dashboard file may hold: Grafana's own types, with each panel type's options and fields in place of Grafana's
// `Record<string, unknown>`. check.mjs makes a JSON schema of every exported type.
//
// Grafana publishes no type for what is added by hand here: what a Prometheus variable and a Prometheus annotation keep.

import type * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import type * as barGauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as raw from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import type * as heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as stateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as text from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import type * as timeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// The SDK's types carry a method that tells its builders apart; no file has one.
type Query = Omit<prometheus.Dataquery, '_implementsDataqueryVariant' | 'refId'> & { refId: string };

interface Variable extends Omit<raw.VariableModel, 'query'> {
  definition: string;
  query: { qryType: number; query: string; refId: string };
}

interface BuiltInAnnotation extends raw.AnnotationQuery {
  builtIn: 1;
}

interface PrometheusAnnotation extends Omit<raw.AnnotationQuery, 'builtIn' | 'target'> {
  target: Query;
  tagKeys?: string;
  textFormat?: string;
  titleFormat?: string;
  useValueForTime?: boolean;
}

/** Everything of a file but its panels, which are checked one by one: an error then names the panel and its field. */
export interface Dashboard extends Omit<raw.Dashboard, 'annotations' | 'id' | 'panels' | 'templating'> {
  annotations: { list: Array<BuiltInAnnotation | PrometheusAnnotation> };
  panels: unknown[];
  templating: { list: Variable[] };
  title: string;
  uid: string;
}

type StandardField = Omit<raw.FieldConfig, 'custom' | 'links'> & {
  links?: Array<{ targetBlank: boolean; title: string; url: string }>;
};

interface Fields<Custom> {
  defaults: StandardField & { custom?: Custom };
  overrides: Array<{
    matcher: { id: 'byFrameRefID' | 'byName' | 'byRegexp'; options: string };
    // Checked as if they were defaults.
    properties: Array<{ id: string; value: unknown }>;
  }>;
}

type Replaced = 'datasource' | 'description' | 'fieldConfig' | 'gridPos' | 'id' | 'options' | 'targets' | 'title' | 'type';

interface Panel<Type extends string, Options, Custom> extends Omit<raw.Panel, Replaced> {
  datasource: { type: 'prometheus'; uid: string };
  description: string;
  fieldConfig: Fields<Custom>;
  gridPos: raw.GridPos;
  id: number;
  options: Options;
  targets?: Query[];
  title: string;
  type: Type;
}

export type BarGaugePanel = Panel<'bargauge', barGauge.Options, {}>;
export type HeatmapPanel = Panel<'heatmap', heatmap.Options, heatmap.FieldConfig>;
export type StatPanel = Panel<'stat', stat.Options, {}>;
export type StateTimelinePanel = Panel<'state-timeline', stateTimeline.Options, stateTimeline.FieldConfig>;
export type TimeSeriesPanel = Panel<'timeseries', timeSeries.Options, timeSeries.FieldConfig>;

/** A heading. The panels below it stand beside it if it is open, and in it if it is closed; they are checked by themselves. */
export interface RowPanel extends Omit<raw.RowPanel, 'collapsed' | 'panels'> {
  collapsed: boolean;
  gridPos: raw.GridPos;
  panels: unknown[];
  title: string;
}

export interface TextPanel extends Omit<raw.Panel, Replaced> {
  gridPos: raw.GridPos;
  id: number;
  options: text.Options;
  title: string;
  type: 'text';
}
