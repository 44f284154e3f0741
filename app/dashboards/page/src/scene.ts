// A dashboard's file as a scene: what @grafana/scenes draws.
import { DashboardCursorSync, type AnnotationQuery, type DataSourceRef } from '@grafana/data';
import type { Dashboard, Panel, RowPanel, VariableModel } from '@grafana/schema';
import {
  behaviors,
  dataLayers,
  EmbeddedScene,
  SceneControlsSpacer,
  SceneDataLayerSet,
  SceneDataTransformer,
  SceneGridItem,
  SceneGridLayout,
  SceneGridRow,
  SceneQueryRunner,
  SceneRefreshPicker,
  SceneTimePicker,
  SceneTimeRange,
  SceneVariableSet,
  VariableValueSelectors,
  VizPanel,
  type SceneDataQuery,
  type SceneDataTransformerState,
  type SceneGridItemLike,
} from '@grafana/scenes';
import { limits } from './limits';
import { AnnotationSwitches, DashboardLinks, PanelLinks } from './links';
import { PanelLimits } from './notes';
import { groups } from './rows';
import type { Summary } from './server';
import { variableOf } from './variables';

export interface DashboardScene {
  scene: EmbeddedScene;
  /** What of the dashboard as a whole is not there. */
  faults: string[];
}

export function sceneOf(dashboard: Dashboard, dashboards: Summary[], drawAll: boolean): DashboardScene {
  const faults: string[] = [];
  const variables = (dashboard.templating?.list ?? []).flatMap((model) => {
    try {
      return variableOf(model as VariableModel);
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
      return [];
    }
  });
  const layers = (dashboard.annotations?.list ?? []).filter((query) => !query.builtIn).map((query) => annotationLayer(query as AnnotationQuery));
  const scene = new EmbeddedScene({
    key: dashboard.uid,
    $timeRange: new SceneTimeRange({
      from: dashboard.time?.from ?? 'now-6h',
      to: dashboard.time?.to ?? 'now',
      timeZone: dashboard.timezone,
      weekStart: (dashboard.weekStart || undefined) as never,
      fiscalYearStartMonth: dashboard.fiscalYearStartMonth,
    }),
    $variables: new SceneVariableSet({ variables }),
    $data: new SceneDataLayerSet({ layers }),
    $behaviors: [new behaviors.CursorSync({ key: 'sync', sync: dashboard.graphTooltip ?? DashboardCursorSync.Off }), new behaviors.SceneQueryController()],
    controls: [
      new VariableValueSelectors({}),
      new AnnotationSwitches({}),
      new SceneControlsSpacer(),
      new DashboardLinks({ links: dashboard.links ?? [], dashboards }),
      new SceneTimePicker({ isOnCanvas: true }),
      new SceneRefreshPicker({ refresh: dashboard.refresh, intervals: dashboard.timepicker?.refresh_intervals, isOnCanvas: true }),
    ],
    body: new SceneGridLayout({ isDraggable: false, isResizable: false, isLazy: !drawAll, children: grid(dashboard.panels ?? []) }),
  });
  return { scene, faults };
}

function annotationLayer(query: AnnotationQuery) {
  return new dataLayers.AnnotationsDataLayer({
    key: `annotations-${query.name}`,
    name: query.name,
    query,
    isEnabled: query.enable,
    isHidden: query.hide,
  });
}

function grid(panels: Array<Panel | RowPanel>): SceneGridItemLike[] {
  return groups(panels).flatMap<SceneGridItemLike>(({ row, panels }) => {
    const items = panels.map(gridItem);
    return row ? [new SceneGridRow({ key: `panel-${row.id}`, title: row.title, y: row.gridPos?.y, isCollapsed: row.collapsed, children: items })] : items;
  });
}

function gridItem(panel: Panel): SceneGridItem {
  const { x = 0, y = 0, w = 12, h = 8 } = panel.gridPos ?? {};
  return new SceneGridItem({ x, y, width: w, height: h, body: vizPanel(panel) });
}

function vizPanel(panel: Panel): VizPanel {
  const missing = limits(panel);
  const titleItems = [...(missing.length > 0 ? [new PanelLimits({ limits: missing })] : []), ...(panel.links?.length ? [new PanelLinks({ links: panel.links })] : [])];
  return new VizPanel({
    key: `panel-${panel.id}`,
    title: panel.title ?? '',
    description: panel.description,
    pluginId: panel.type,
    pluginVersion: panel.pluginVersion,
    options: panel.options ?? {},
    fieldConfig: (panel.fieldConfig ?? { defaults: {}, overrides: [] }) as VizPanel['state']['fieldConfig'],
    displayMode: panel.transparent ? 'transparent' : 'default',
    hoverHeader: !panel.title,
    titleItems,
    $data: panel.targets?.length ? data(panel) : undefined,
  });
}

function data(panel: Panel): SceneDataTransformer {
  const runner = new SceneQueryRunner({
    datasource: (panel.datasource ?? undefined) as DataSourceRef | undefined,
    queries: panel.targets as unknown as SceneDataQuery[],
    maxDataPoints: panel.maxDataPoints,
    maxDataPointsFromWidth: true,
    minInterval: panel.interval,
    dataLayerFilter: { panelId: panel.id ?? 0 },
  });
  return new SceneDataTransformer({ $data: runner, transformations: (panel.transformations ?? []) as SceneDataTransformerState['transformations'] });
}
