import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events } from '../src/prometheus/annotations';
import { frameOf } from '../src/prometheus/frames';
import { series } from './answers';

const annotation = {
  name: 'Firing alerts',
  enable: true,
  iconColor: 'red',
  titleFormat: '{{alertname}}',
  textFormat: '{{severity}}, <a href="{{pager_url}}/runbooks/{{alertname}}">runbook</a>',
  tagKeys: 'severity, slo',
};
const options = { refId: 'A', expr: '', stepMs: 20_000 };

test('an alert that fires without a break is one event, which lasts', async () => {
  const found = events(annotation, (await series('firing')).map((one) => frameOf(one, options)));
  const latency = found.filter(({ title }) => title === 'HighLatency');
  assert.deepEqual(
    latency.map(({ time, timeEnd, isRegion }) => ({ time, timeEnd, isRegion })),
    [{ time: 1795794140000, timeEnd: 1795794360000, isRegion: true }],
  );
});

test('its texts are filled with labels, and its tags are labels', async () => {
  const found = events(annotation, (await series('firing')).map((one) => frameOf(one, options)));
  assert.equal(found[0]?.text, 'warning, <a href="http://localhost:8025/runbooks/HighLatency">runbook</a>');
  assert.deepEqual(found[0]?.tags, ['warning']);
  const burn = found.find(({ title }) => title === 'OrderAvailabilityBudgetBurn');
  assert.deepEqual(burn?.tags, ['warning', 'availability']);
});

test('a break ends an event, and so does a value of 0', () => {
  const samples = [0, 20, 60, 80, 100].map((time): [number, string] => [time, time === 80 ? '0' : '1']);
  const found = events(annotation, [frameOf({ metric: {}, samples }, options)]);
  assert.deepEqual(
    found.map(({ time, timeEnd, isRegion }) => [time, timeEnd, isRegion]),
    [
      [0, 20_000, true],
      [60_000, 60_000, false],
      [100_000, 100_000, false],
    ],
  );
});

test('a label that is missing leaves no trace', () => {
  const [event] = events(annotation, [frameOf({ metric: { alertname: 'X' }, samples: [[0, '1']] }, options)]);
  assert.equal(event?.text, ', <a href="/runbooks/X">runbook</a>');
});
