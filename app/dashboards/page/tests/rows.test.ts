import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Panel, RowPanel } from '@grafana/schema';
import { groups } from '../src/rows';

const panel = (title: string) => ({ type: 'stat', title }) as Panel;
const row = (title: string, collapsed: boolean, panels: Panel[] = []) => ({ type: 'row', title, collapsed, panels }) as RowPanel;
const titles = (panels: Array<Panel | RowPanel>) => groups(panels).map(({ row, panels }) => [row?.title, ...panels.map(({ title }) => title)]);

test('panels follow an open row up to the next', () => {
  assert.deepEqual(titles([panel('a'), row('one', false), panel('b'), panel('c'), row('two', false), panel('d')]), [
    [undefined, 'a'],
    ['one', 'b', 'c'],
    ['two', 'd'],
  ]);
});

test('a collapsed row contains its panels, and none that follow', () => {
  assert.deepEqual(titles([row('one', true, [panel('a')]), panel('b'), row('two', true)]), [['one', 'a'], [undefined, 'b'], ['two']]);
});

test('without rows there is one group, without panels none', () => {
  assert.deepEqual(titles([panel('a'), panel('b')]), [[undefined, 'a', 'b']]);
  assert.deepEqual(titles([]), []);
});
