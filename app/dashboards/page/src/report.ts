// What tests ask of the page: which panels there are, whether each has been drawn, and what went wrong in it.
import { LoadingState, getFieldDisplayName, FieldType, type DataFrame } from '@grafana/data';
import { SceneGridRow, SceneObjectBase, VizPanel, type SceneObject } from '@grafana/scenes';

export interface PanelReport {
  /** The element of the panel is `[data-viz-panel-key="KEY"]`. */
  key: string;
  type: string;
  title: string;
  state: 'loading' | 'done' | 'error';
  errors: string[];
  /** The names of its series or values, as its legend shows them. */
  names: string[];
  /** The overrides that match nothing. */
  unmatched: string[];
}

export interface Report {
  /** Whether every panel has its answers. With `?all` in the address, panels below the window count, too. */
  loaded: boolean;
  panels: PanelReport[];
}

export function report(scene: SceneObject): Report {
  const panels: PanelReport[] = [];
  const visit = (object: SceneObject) => {
    if (object instanceof VizPanel) {
      panels.push(describe(object));
    } else if (object instanceof SceneGridRow && object.state.isCollapsed) {
      // Its panels ask for nothing until it is opened.
      return;
    } else if (object instanceof SceneObjectBase) {
      object.forEachChild(visit);
    }
  };
  visit(scene);
  return { loaded: panels.every((panel) => panel.state !== 'loading'), panels };
}

function describe(panel: VizPanel): PanelReport {
  const { key = '', title, pluginId, fieldConfig, $data } = panel.state;
  const raw = $data?.state.data;
  const data = raw && panel.applyFieldConfig(raw);
  const frames = data?.series ?? [];
  const names = frames.flatMap((frame) => namesIn(frame, frames));
  const errors = (data?.errors ?? []).map((error) => error.message ?? 'unknown error');
  // Before variables have their values, there is an answer already, an empty one to no request.
  const isDone = data?.state === LoadingState.Error || (data?.state === LoadingState.Done && data.request !== undefined);
  // While it is refreshed, a panel keeps what it had.
  const plugin = panel.getPlugin();
  const asks = $data && !plugin?.meta.skipDataQuery;
  const isLoading = !plugin || (asks && !isDone && frames.length === 0);
  return {
    key,
    type: pluginId,
    title,
    state: isLoading ? 'loading' : errors.length > 0 ? 'error' : 'done',
    errors,
    names,
    unmatched: fieldConfig.overrides
      .filter(({ matcher }) => matcher.id === 'byName' && !names.includes(String(matcher.options)))
      .map(({ matcher }) => String(matcher.options)),
  };
}

function namesIn(frame: DataFrame, all: DataFrame[]): string[] {
  return frame.fields.filter((field) => field.type !== FieldType.time).map((field) => getFieldDisplayName(field, frame, all));
}
