// Checks dashboard files against the types that Grafana publishes (dashboard.ts), strictly: no field that they don't know, no
// value outside an enum, none lacking. Then breaks a file in every way that matters and expects each break to be found.
//
// Usage: npm ci && node check.mjs [FILE...]      without files: every dashboard of the project
// Exit code 0 if all is well. The last line counts.

import { readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';
import { breaks } from './breaks.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');

const panelTypes = {
  bargauge: 'BarGaugePanel',
  heatmap: 'HeatmapPanel',
  row: 'RowPanel',
  stat: 'StatPanel',
  'state-timeline': 'StateTimelinePanel',
  text: 'TextPanel',
  timeseries: 'TimeSeriesPanel',
};

const generator = createGenerator({
  path: join(here, 'dashboard.ts'),
  tsconfig: join(here, 'tsconfig.json'),
  additionalProperties: false,
  // Several modules of Grafana use the same names: every type is written out where it is used.
  expose: 'none',
  topRef: false,
});
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
const compile = (type) => ajv.compile(generator.createSchema(type));
const isDashboard = compile('Dashboard');
const isPanel = Object.fromEntries(Object.entries(panelTypes).map(([name, type]) => [name, compile(type)]));

/** What is wrong with a value, one line each. */
function faults(validate, value, place) {
  if (validate(value)) {
    return [];
  }
  return validate.errors.map(({ instancePath, message, params }) => {
    const detail = params.additionalProperty ?? params.allowedValues?.join(', ') ?? '';
    return `${place}${instancePath} ${message} ${detail}`.trimEnd();
  });
}

/** A panel as it would be if this override held for every series: an override is right if it would be right as a default. */
function withOverride(panel, { id, value }) {
  const [field, custom] = id.split('.');
  const defaults = custom === undefined ? { [field]: value } : { [field]: { [custom]: value } };
  return { ...panel, fieldConfig: { defaults, overrides: [] } };
}

function panelFaults(panel) {
  const validate = isPanel[panel.type];
  const place = JSON.stringify(panel.title ?? panel.id);
  if (validate === undefined) {
    return [`${place} has the type ${JSON.stringify(panel.type)}, which is none of ${Object.keys(isPanel).join(', ')}`];
  }
  const found = faults(validate, panel, place);
  if (found.length > 0) {
    return found;
  }
  const overrides = (panel.fieldConfig?.overrides ?? []).flatMap((override) => override.properties);
  return overrides.flatMap((property) =>
    faults(validate, withOverride(panel, property), `${place} overrides ${property.id}:`)
  );
}

function dashboardFaults(dashboard) {
  const found = faults(isDashboard, dashboard, 'dashboard');
  const panels = () => dashboard.panels.flatMap((panel) => [panel, ...(panel.type === 'row' ? panel.panels : [])]);
  return found.length > 0 ? found : panels().flatMap(panelFaults);
}

/** The file must be formatted as Grafana exports it: a change made there then differs here in what was changed only. */
function formFaults(text) {
  return text === `${JSON.stringify(JSON.parse(text), null, 2)}\n` ? [] : ['is not formatted as JSON.stringify(…, null, 2) does'];
}

/** The types must be of the Grafana that runs: the same major and minor version. */
function versionFaults() {
  const image = /^GRAFANA_IMAGE=.*:(\d+\.\d+)\./m.exec(readFileSync(join(root, '.env'), 'utf8'))?.[1];
  const types = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).devDependencies['@grafana/schema'];
  return types.startsWith(`${image}.`) ? [] : [`@grafana/schema is ${types}, GRAFANA_IMAGE is ${image}`];
}

let passed = 0;
let failed = 0;
function report(name, found) {
  if (found.length === 0) {
    passed += 1;
    console.log(`ok      ${name}`);
  } else {
    failed += 1;
    console.log(`FAILED  ${name}`);
    found.forEach((fault) => console.log(`        ${fault}`));
  }
}

const folders = ['dashboards', 'practice'].map((folder) => join(root, 'observability/grafana', folder));
const ours = folders.flatMap((folder) =>
  readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => join(folder, name))
);
const files = process.argv.slice(2);

report('the types are of the Grafana that runs', versionFaults());
for (const file of files.length > 0 ? files : ours) {
  const text = readFileSync(file, 'utf8');
  report(basename(file), [...formFaults(text), ...dashboardFaults(JSON.parse(text))]);
}
const sound = readFileSync(ours.find((file) => basename(file) === 'order-service.json'), 'utf8');
for (const [name, change] of Object.entries(breaks)) {
  const broken = JSON.parse(sound);
  change(broken);
  report(`refuses ${name}`, dashboardFaults(broken).length > 0 ? [] : ['it went through']);
}
console.log(`test result: ${passed} passed; ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
