import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spans } from '../src/panels/spans';
import { frameOf } from '../src/prometheus/frames';
import { series } from './answers';

const pending = 1;
const firing = 2;

async function recorded(alert: string, merge: boolean) {
  const found = (await series('alertStates')).find(({ metric }) => metric.alertname === alert);
  assert.ok(found);
  const { fields } = frameOf(found, { refId: 'A', expr: '', stepMs: 30_000 });
  return spans<number>(fields[0]?.values ?? [], fields[1]?.values ?? [], 30_000, merge);
}

test('an alert that fires, is pending and fires again is three spans', async () => {
  const found = await recorded('OrderAvailabilityBudgetBurn', true);
  assert.deepEqual(
    found.map(({ from, to, value }) => [from / 1000, to / 1000, value]),
    [
      [1795794600, 1795794690, firing],
      [1795794690, 1795794990, pending],
      [1795794990, 1795795230, firing],
    ],
  );
});

test('the last span ends a step after its last point', async () => {
  const found = await recorded('OrderLatencyBudgetBurn', true);
  assert.equal(found.at(-1)?.to, (1795794750 + 30) * 1000);
});

test('without merging, each point is a span', async () => {
  assert.equal((await recorded('OrderAvailabilityBudgetBurn', false)).length, 21);
});

test('nothing is drawn in a gap', () => {
  assert.deepEqual(spans([0, 10, 20, 40, 50], [1, null, 1, 1, 1], 10, true), [
    { from: 0, to: 10, value: 1, index: 0 },
    { from: 20, to: 30, value: 1, index: 2 },
    { from: 40, to: 60, value: 1, index: 3 },
  ]);
});

test('a point that comes early ends the span before it', () => {
  assert.deepEqual(
    spans([0, 6], ['a', 'b'], 10, true).map(({ to }) => to),
    [6, 16],
  );
});
