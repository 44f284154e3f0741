import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describe } from '../licences.mjs';

/** Licences under which a package may be part of the page or of its build. */
const ADMITTED = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'CC0-1.0', 'ISC', 'MIT', '(MPL-2.0 OR Apache-2.0)', 'OFL-1.1', 'Unlicense']);

interface Locked {
  version?: string;
  link?: boolean;
  optional?: boolean;
}

const lock: { packages: Record<string, Locked> } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const installed = Object.entries(lock.packages).filter(([path, { link }]) => path.startsWith('node_modules/') && !link && existsSync(path));

test('every package has a licence that is admitted, and none the AGPL', () => {
  assert.ok(installed.length > 200, `${installed.length} packages: is this the whole of them?`);
  for (const [path] of installed) {
    const { license } = describe(path);
    assert.ok(ADMITTED.has(license), `${path}: ${license}`);
  }
});

test('Grafana’s own data source for Prometheus, which is under the AGPL, is not among them', () => {
  assert.ok(!Object.keys(lock.packages).some((path) => path.endsWith('/@grafana/prometheus')));
});

test('the lock file names no registry', () => {
  assert.ok(!readFileSync('package-lock.json', 'utf8').includes('://registry'));
  assert.ok(Object.values(lock.packages).every((locked) => !('resolved' in locked) || locked.link));
});

test('the licences of all that is in the page are beside it', () => {
  const licences = readFileSync('dist/page/licences.txt', 'utf8');
  for (const name of ['@grafana/ui', '@grafana/data', '@grafana/scenes', 'react-dom', 'uplot', 'inter-ui', '@fontsource/roboto-mono']) {
    assert.match(licences, new RegExp(`^${name} `, 'm'));
  }
  assert.match(licences, /Apache License/);
  assert.match(licences, /SIL OPEN FONT LICENSE/i);
});
