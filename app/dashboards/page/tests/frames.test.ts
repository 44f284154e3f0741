import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillIn, frameOf, seriesName } from '../src/prometheus/frames';
import { withGaps } from '../src/panels/gaps';
import { series } from './answers';

const options = { refId: 'A', expr: 'sum by (status) (rate(orders_processed_total[20s]))', stepMs: 5_000 };

test('a series is a frame with times in milliseconds and numbers', async () => {
  const [failures] = await series('orderRate');
  assert.ok(failures);
  const frame = frameOf(failures, { ...options, legend: '{{status}}' });
  assert.equal(frame.length, 9);
  assert.equal(frame.fields[0]?.values[1], 1795794655000);
  assert.equal(frame.fields[1]?.values[1], 3.466666666666667);
  assert.equal(frame.fields[1]?.config.displayNameFromDS, 'failure');
  assert.deepEqual(frame.fields[1]?.labels, { status: 'failure' });
});

test('infinities and NaN are numbers', () => {
  const samples: Array<[number, string]> = [
    [1, '+Inf'],
    [2, '-Inf'],
    [3, 'NaN'],
  ];
  assert.deepEqual(frameOf({ metric: {}, samples }, options).fields[1]?.values, [Infinity, -Infinity, NaN]);
});

test('a legend has the values of labels, and keeps the name of one that is missing', () => {
  assert.equal(fillIn('{{job}} {{ instance }}', { job: 'pager' }), 'pager instance');
  assert.equal(fillIn('p95', {}), 'p95');
});

test('without a legend a series has its own name, or that of the query', () => {
  assert.equal(seriesName({ __name__: 'up', job: 'pager' }, ''), 'up{job="pager"}');
  assert.equal(seriesName({ __name__: 'up' }, ''), 'up');
  assert.equal(seriesName({}, 'sum(up)'), 'sum(up)');
  assert.equal(frameOf({ metric: { job: 'a' }, samples: [] }, { ...options, legend: '__auto' }).name, '{job="a"}');
});

test('a line breaks where a sample is missing, and at what is no number', () => {
  const samples = [0, 5, 20, 25].map((time): [number, string] => [time, time === 25 ? 'NaN' : '1']);
  const { fields, length } = withGaps(frameOf({ metric: {}, samples }, options));
  assert.equal(length, 5);
  assert.deepEqual(fields[0]?.values, [0, 5_000, 10_000, 20_000, 25_000]);
  assert.deepEqual(fields[1]?.values, [1, 1, null, 1, null]);
});

test('an unbroken line stays as it is', async () => {
  const [failures] = await series('orderRate');
  assert.ok(failures);
  const frame = frameOf(failures, options);
  assert.deepEqual(withGaps(frame).fields[1]?.values, frame.fields[1]?.values);
});
