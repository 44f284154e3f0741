import assert from 'node:assert/strict';
import { test } from 'node:test';
import { palette, shade, type ColorOptions } from '../src/panels/colors';
import { parseValue } from '../src/prometheus/api';
import { frameOf, heatmapRows } from '../src/prometheus/frames';
import { series } from './answers';

const options = { refId: 'A', expr: '', stepMs: 5_000 };
const colors: ColorOptions = { scheme: 'Oranges', steps: 8, reverse: false, scale: 'linear', exponent: 0.5 };

test('buckets are rows from the lowest bound to the highest', async () => {
  const [rows] = heatmapRows((await series('buckets')).map((one) => frameOf(one, options)));
  const bounds = rows?.fields.slice(1).map(({ name }) => parseValue(name)) ?? [];
  assert.deepEqual(bounds, [...bounds].sort((one, other) => one - other));
  assert.deepEqual([bounds[0], bounds.at(-1)], [0.005, Infinity]);
});

test('each row has what lies between its bound and the one below, and all of them together the total', async () => {
  const recorded = await series('buckets');
  const [rows] = heatmapRows(recorded.map((one) => frameOf(one, options)));
  const total = recorded.find(({ metric }) => metric.le === '+Inf');
  assert.ok(rows && total);
  assert.equal(rows.length, total.samples.length);
  total.samples.forEach(([time, value], index) => {
    const cells: number[] = rows.fields.slice(1).map((row) => row.values[index]);
    assert.equal(rows.fields[0]?.values[index], time * 1000);
    assert.ok(cells.every((cell) => cell >= 0));
    assert.ok(Math.abs(cells.reduce((sum, cell) => sum + cell, 0) - Number(value)) < 1e-6);
  });
});

test('a bucket without a sample has a blank cell', () => {
  const frames = [
    frameOf({ metric: { le: '2' }, samples: [[5, '3']] }, options),
    frameOf({ metric: { le: '1' }, samples: [[0, '1'], [5, '1']] }, options),
  ];
  const [rows] = heatmapRows(frames);
  assert.deepEqual(rows?.fields.map(({ values }) => values), [[0, 5_000], [1, 1], [null, 2]]);
});

test('a difference below zero is none', () => {
  const frames = ['1', '2'].map((le, index) => frameOf({ metric: { le }, samples: [[0, index === 0 ? '2' : '1.9']] }, options));
  assert.deepEqual(heatmapRows(frames)[0]?.fields[2]?.values, [0]);
});

test('series without buckets stay as they are', () => {
  const frames = [frameOf({ metric: {}, samples: [[0, '1']] }, options)];
  assert.equal(heatmapRows(frames), frames);
});

test('more is further from the background, in both themes', () => {
  assert.deepEqual(palette(colors, true), palette(colors, false).reverse());
  assert.deepEqual(palette({ ...colors, reverse: true }, true), palette(colors, false));
});

test('a value has the color of its share, and one outside of the range that of its end', () => {
  const steps = ['a', 'b', 'c', 'd'];
  const range = { min: 0, max: 100 };
  assert.deepEqual([-5, 0, 30, 60, 100, 500].map((value) => shade(value, range, colors, steps)), ['a', 'a', 'b', 'c', 'd', 'd']);
  assert.equal(shade(30, range, { ...colors, scale: 'exponential' }, steps), 'c');
});
