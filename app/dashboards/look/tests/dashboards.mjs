// Two dashboards: in one each panel has one fault, in the other every panel is near to one and right.

const DATASOURCE = { type: 'prometheus', uid: 'of-somebody' };
const GREEN = { mode: 'absolute', steps: [{ color: 'green', value: null }] };
const NULL_IS_RED = [{ type: 'special', options: { match: 'null', result: { text: 'unknown', color: 'red', index: 0 } } }];

/**
 * @param {string} title
 * @param {Record<string, string>[]} targets each `expr` and `legendFormat`
 * @param {{ type?: string, unit?: string, defaults?: object, overrides?: [string, string][], legend?: object, width?: number }} [how]
 */
function panel(title, targets, { type = 'timeseries', unit = 'short', defaults = {}, overrides = [], legend = {}, width = 8 } = {}) {
  return {
    type,
    title,
    datasource: DATASOURCE,
    width,
    targets: targets.map((target, i) => ({ refId: 'ABC'[i], datasource: DATASOURCE, ...(type === 'stat' ? { instant: true } : { range: true }), ...target })),
    fieldConfig: {
      defaults: { unit, min: 0, color: { mode: type === 'stat' ? 'thresholds' : 'palette-classic' }, thresholds: GREEN, custom: {}, ...defaults },
      overrides: overrides.map(([id, options]) => ({ matcher: { id, options }, properties: [{ id: 'unit', value: 's' }] })),
    },
    options: type === 'stat'
      ? { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: 'value', graphMode: 'none', textMode: 'auto', orientation: 'auto', justifyMode: 'center' }
      : { legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [], ...legend }, tooltip: { mode: 'multi', sort: 'desc' } },
  };
}

/**
 * @param {string} uid
 * @param {ReturnType<typeof panel>[]} panels three in a row
 */
function dashboard(uid, panels) {
  return {
    uid,
    title: uid,
    schemaVersion: 42,
    time: { from: 'now-15m', to: 'now' },
    refresh: '5s',
    templating: { list: [] },
    annotations: { list: [] },
    panels: panels.map(({ width, ...rest }, i) => ({ id: i + 1, gridPos: { x: 8 * (i % 3), y: 8 * Math.floor(i / 3), w: width, h: 8 }, ...rest })),
  };
}

const waves = { expr: 'waves', legendFormat: '{{name}}' };

export const bad = dashboard('bad', [
  panel('Query Error', [{ expr: 'sum(', legendFormat: '' }]),
  panel('Override by Name', [waves], { overrides: [['byName', 'b']] }),
  panel('Override by Expression', [waves], { overrides: [['byRegexp', '/^b/']] }),
  panel('Override by Query', [waves], { overrides: [['byFrameRefID', 'B']] }),
  panel('A Title That Is Much Too Long for the Panel', [waves], { width: 4 }),
  panel('Legend', [{ expr: 'many', legendFormat: '{{name}}' }], { legend: { displayMode: 'table' } }),
  panel('Axis', [{ expr: 'zero', legendFormat: '{{name}}' }], { unit: 'suffix:orders/s' }),
  panel('Flattened', [waves, { expr: 'limit', legendFormat: 'limit' }]),
  panel('Green', [{ expr: 'nothing', legendFormat: 'value' }], { type: 'stat' }),
  panel('Steps', [{ expr: 'rate(whole_seconds_total[1m])', legendFormat: '{{name}}' }], { defaults: { custom: { axisSoftMax: 0.1 } } }),
  panel('Known to Be Down', [{ expr: 'one', legendFormat: 'up' }], { type: 'stat' }),
]);

export const good = dashboard('good', [
  panel('Override of What May Come Later', [{ expr: 'nothing', legendFormat: '{{name}}' }, waves], { overrides: [['byName', 'b']] }),
  panel('Override of What Is Empty Now', [{ expr: 'nothing', legendFormat: 'b' }, waves], { overrides: [['byName', 'b'], ['byRegexp', '/^B$/i'], ['byFrameRefID', 'B']] }),
  panel('Title', [waves], { width: 4 }),
  panel('Legend', [{ expr: 'many', legendFormat: '{{name}}' }], { legend: { showLegend: false } }),
  panel('Percent', [{ expr: 'zero', legendFormat: '{{name}}' }], { unit: 'percent', defaults: { max: 100 } }),
  panel('Soft Maximum', [{ expr: 'zero', legendFormat: '{{name}}' }], { defaults: { custom: { axisSoftMax: 1 } } }),
  panel('Limit', [waves, { expr: 'near_limit', legendFormat: 'limit' }]),
  panel('Unknown Is Red', [{ expr: 'nothing', legendFormat: 'value' }], { type: 'stat', defaults: { mappings: NULL_IS_RED } }),
  panel('Curve', [{ expr: 'rate(fine_seconds_total[1m])', legendFormat: '{{name}}' }], { defaults: { custom: { axisSoftMax: 0.1 } } }),
]);
