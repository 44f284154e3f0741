// Reads dashboards, and makes of each what is looked at: everything open, nothing that moves, one Prometheus.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./facts.js').Dashboard} Dashboard */
/** @typedef {import('./facts.js').GridPanel} GridPanel */

const PROMETHEUS = { type: 'prometheus', uid: 'prometheus' };

/**
 * @param {string} folder
 * @returns {Dashboard[]}
 */
export function inFolder(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => ({ name, json: prepared(JSON.parse(readFileSync(join(folder, name), 'utf8'))) }));
}

/**
 * @param {string} folder
 * @param {Dashboard[]} dashboards
 */
export function write(folder, dashboards) {
  mkdirSync(folder);
  dashboards.forEach(({ json }, i) => writeFileSync(join(folder, `${i}.json`), JSON.stringify(json)));
}

/**
 * @param {any} dashboard
 * @returns {Dashboard['json']}
 */
function prepared(dashboard) {
  const variables = dashboard.templating?.list ?? [];
  const json = {
    ...dashboard,
    refresh: '',
    templating: { list: variables.filter((/** @type {{ type: string }} */ { type }) => type !== 'datasource') },
    panels: opened(dashboard.panels ?? []),
  };
  return JSON.parse(JSON.stringify(json), (key, value) => (key === 'datasource' && isPrometheus(value) ? PROMETHEUS : value));
}

/**
 * Whether a data source is, or may be, a Prometheus: by its type, or named by a variable or in the way of old files.
 * @param {any} source
 */
function isPrometheus(source) {
  return typeof source === 'string' ? !source.startsWith('-- ') : source?.type === 'prometheus' || String(source?.uid ?? '').startsWith('$');
}

/**
 * The panels of collapsed rows below their rows, and what follows further down.
 * @param {GridPanel[]} panels
 * @returns {GridPanel[]}
 */
function opened(panels) {
  let added = 0;
  return panels.flatMap((panel) => {
    const moved = lower(panel, added);
    if (!panel.collapsed || !panel.panels?.length) {
      return [moved];
    }
    const first = Math.min(...panel.panels.map(({ gridPos }) => gridPos.y));
    const members = panel.panels.map((member) => lower(member, moved.gridPos.y + 1 - first));
    added += bottom(members) - moved.gridPos.y - 1;
    return [{ ...moved, collapsed: false, panels: [] }, ...members];
  });
}

/**
 * @param {GridPanel} panel
 * @param {number} rows
 * @returns {GridPanel}
 */
function lower(panel, rows) {
  return { ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + rows } };
}

/**
 * The height of all, in rows of the grid.
 * @param {GridPanel[]} panels
 */
export function bottom(panels) {
  return panels.reduce((most, { gridPos }) => Math.max(most, gridPos.y + gridPos.h), 0);
}
