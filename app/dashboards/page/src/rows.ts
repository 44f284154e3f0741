// Which panels belong to which row.
import type { Panel, RowPanel } from '@grafana/schema';

export interface Group {
  /** Absent for panels that belong to none. */
  row?: RowPanel;
  panels: Panel[];
}

/** In the file, a collapsed row contains its panels; those of an open row follow it, up to the next row. */
export function groups(panels: Array<Panel | RowPanel>): Group[] {
  const found: Group[] = [{ panels: [] }];
  for (const panel of panels) {
    if (!isRow(panel)) {
      found.at(-1)?.panels.push(panel);
      continue;
    }
    found.push({ row: panel, panels: [...((panel.panels ?? []) as Panel[])] });
    if (panel.collapsed) {
      found.push({ panels: [] });
    }
  }
  return found.filter(({ row, panels }) => row || panels.length > 0);
}

function isRow(panel: Panel | RowPanel): panel is RowPanel {
  return panel.type === 'row';
}
