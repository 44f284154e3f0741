// The program as it is typed, on two made-up dashboards. It needs the viewer's page, cargo and chromium.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bad, good } from './dashboards.mjs';
import { start } from './prometheus.mjs';

const folder = mkdtempSync(join(tmpdir(), 'look-test-'));
/** @type {Awaited<ReturnType<typeof start>>} */
let prometheus;

before(async () => {
  prometheus = await start();
});
after(() => {
  prometheus.stop();
  rmSync(folder, { recursive: true });
});

/**
 * @param {string[]} words
 * @returns {Promise<{ code: unknown, lines: string[], stderr: string }>}
 */
function look(...words) {
  return new Promise((done) => {
    execFile('node', [join(import.meta.dirname, '../look.mjs'), ...words], (error, stdout, stderr) => {
      done({ code: error?.code ?? 0, lines: stdout.trim().split('\n'), stderr });
    });
  });
}

/** @param {typeof bad} dashboard */
function written(dashboard) {
  const own = mkdtempSync(join(folder, 'dashboards-'));
  writeFileSync(join(own, `${dashboard.uid}.json`), JSON.stringify(dashboard));
  return own;
}

test('finds each fault, and nothing else', async () => {
  const output = join(folder, 'output');
  const { code, lines, stderr } = await look('--dashboards', written(bad), '--prometheus', prometheus.url, '--width', '1280', '--output', output, '--not-green', 'Known to Be Down');
  const wanted = [
    /^bad\.json, Query Error, 1280 px: query error: parse error: sum\($/,
    /^bad\.json, Override by Name, 1280 px: override for "b" matches no series: a$/,
    /^bad\.json, Override by Expression, 1280 px: override for \/\^b\/ matches no series: a$/,
    /^bad\.json, Override by Query, 1280 px: override for query B matches no query$/,
    /^bad\.json, A Title That Is Much Too Long for the Panel, 1280 px: title is cut: it has \d+ px and needs \d+$/,
    /^bad\.json, Legend, 1280 px: legend is hidden in part: it has \d+ px and needs \d+$/,
    /^bad\.json, Axis, 1280 px: axis runs from 0 to 100 \(unit suffix:orders\/s\) though nothing is above 0: set a soft maximum$/,
    /^bad\.json, Flattened, 1280 px: "limit", always 800, flattens the others, which reach 4$/,
    /^bad\.json, Green, 1280 px: is green \(.+\) though query A returned nothing$/,
    /^bad\.json, Steps, 1280 px: "a" jumps between 0 and 0\.05 \(2 times\): the counter moves in whole steps$/,
    /^bad\.json, Known to Be Down, 1280 px: is green \(1\) and must not be now$/,
    /^11 panels seen \(1 dashboards at 1280 px\): 11 faults$/,
  ];
  assert.equal(lines.length, wanted.length, lines.join('\n') + stderr);
  wanted.forEach((line, i) => assert.match(lines[i] ?? '', line));
  assert.equal(code, 1);
  assert.deepEqual(readdirSync(output), ['bad-1280.png']);
});

test('finds nothing in what is right', async () => {
  const { code, lines, stderr } = await look('--dashboards', written(good), '--prometheus', prometheus.url);
  assert.deepEqual(lines, ['18 panels seen (1 dashboards at 1280 and 1600 px): no fault'], stderr);
  assert.equal(code, 0);
});

test('refuses what it cannot do, with what to do instead', async () => {
  const somewhere = written(good);
  for (const [words, code, reason] of /** @type {[string[], number, RegExp][]} */ ([
    [['--dashboards', somewhere], 2, /--dashboards and --prometheus are needed/],
    [['--dashboards', somewhere, '--prometheus', prometheus.url, '--wide', '1'], 2, /Unknown option '--wide'/],
    [['--dashboards', somewhere, '--prometheus', prometheus.url, '--width', 'all'], 2, /--width all: a number of pixels/],
    [['--dashboards', somewhere, '--prometheus', prometheus.url, '--not-green', 'Limit'], 2, /there is no stat or gauge Limit/],
    [['--dashboards', folder, '--prometheus', prometheus.url], 2, /no dashboard in/],
    [['--dashboards', somewhere, '--prometheus', 'http://127.0.0.1:9'], 3, /Prometheus does not answer at http:\/\/127\.0\.0\.1:9/],
  ])) {
    const refused = await look(...words);
    assert.equal(refused.code, code, words.join(' '));
    assert.match(refused.stderr, reason);
  }
  const help = await look('--help');
  assert.equal(help.code, 0);
  assert.match(help.lines.join('\n'), /^Usage: node look\.mjs --dashboards DIR --prometheus URL/m);
});
