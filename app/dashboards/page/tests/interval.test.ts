import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignedRange, duration, intervals } from '../src/prometheus/interval';

const minute = 60_000;

test('the rate interval is a step and a scrape, and at least four scrapes', () => {
  for (const [suggested, scrape, range, step, rate] of [
    // A panel of 800 points over 15 minutes: each point is a scrape.
    [2_000, 5_000, 15 * minute, 5_000, 20_000],
    // Four scrapes are still more than a step and a scrape.
    [15_000, 5_000, 180 * minute, 15_000, 20_000],
    [60_000, 5_000, 720 * minute, 60_000, 65_000],
    // A scrape interval of 15 s, or a "Min step" of as much.
    [2_000, 15_000, 30 * minute, 15_000, 60_000],
    [60_000, 15_000, 30 * minute, 60_000, 75_000],
  ] as const) {
    assert.deepEqual(intervals(suggested, scrape, range), { stepMs: step, rateMs: rate });
  }
});

test('a range has no more points than Prometheus admits', () => {
  const range = 45 * 24 * 60 * minute;
  const { stepMs } = intervals(1_000, 5_000, range);
  assert.ok(range / stepMs <= 11_000);
});

test('points are at multiples of the step', () => {
  assert.deepEqual(alignedRange(1_795_794_662_345, 1_795_794_692_345, 5_000), { start: 1_795_794_660, end: 1_795_794_690, step: 5 });
});

test('a duration is one that PromQL reads', () => {
  assert.deepEqual([5_000, 90_000, 1_500].map(duration), ['5s', '90s', '1500ms']);
});
