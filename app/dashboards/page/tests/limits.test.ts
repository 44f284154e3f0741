import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Dashboard, Panel } from '@grafana/schema';
import { limits } from '../src/limits';
import { groups } from '../src/rows';

const panel = (partial: Partial<Panel>): Panel => ({ type: 'timeseries', ...partial }) as Panel;

test('says of each panel what Grafana would do and this page does not', () => {
  for (const [partial, said] of [
    [{ repeat: 'job' }, /repeats this panel for each value of \$job/],
    [{ timeShift: '1d' }, /shifts the time of this panel by 1d/],
    [{ timeFrom: '1h' }, /shows the last 1h/],
    [{ type: 'heatmap', options: { calculate: true } }, /makes the buckets/],
    [{ type: 'stat', options: { showPercentChange: true } }, /in percent/],
    [{ type: 'state-timeline', options: { legend: { showLegend: true } } }, /legend/],
  ] as const) {
    const [only, ...others] = limits(panel(partial as Partial<Panel>));
    assert.match(only ?? '', said);
    assert.deepEqual(others, []);
  }
});

test('every panel of this stack is drawn as it is', () => {
  const folder = '../../../observability/grafana/dashboards';
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  assert.ok(files.length >= 3);
  for (const file of files) {
    const dashboard: Dashboard = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'));
    for (const one of groups(dashboard.panels ?? []).flatMap(({ panels }) => panels)) {
      assert.deepEqual(limits(one), [], `${file}: ${one.title}`);
    }
  }
});
