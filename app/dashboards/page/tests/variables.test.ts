import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quote } from '../src/prometheus/interpolation';
import { parseVariableQuery, variableValues } from '../src/prometheus/variables';
import { answers, clientOf } from './answers';

const range = { start: 1795794000, end: 1795794660 };

test('reads the queries that Grafana documents', () => {
  assert.deepEqual(parseVariableQuery('label_values(order_workers, instance)'), { function: 'label_values', selector: 'order_workers', label: 'instance' });
  assert.deepEqual(parseVariableQuery('label_values(job)'), { function: 'label_values', selector: undefined, label: 'job' });
  assert.deepEqual(parseVariableQuery('label_values(up{job=~"a|b",x="(y)"}, instance)'), { function: 'label_values', selector: 'up{job=~"a|b",x="(y)"}', label: 'instance' });
  assert.deepEqual(parseVariableQuery('query_result(topk(1, timestamp(pager_links_info)))'), { function: 'query_result', expr: 'topk(1, timestamp(pager_links_info))' });
  assert.deepEqual(parseVariableQuery('label_names()'), { function: 'label_names' });
  assert.deepEqual(parseVariableQuery('metrics(^order_)'), { function: 'metrics', pattern: /^order_/ });
});

test('says of any other query that it is not known', () => {
  for (const query of ['', 'up', 'label_values()', 'series(up)', 'label_values(up, a b)']) {
    assert.throws(() => parseVariableQuery(query), /not known here/, query);
  }
});

test('a result has its labels, so that a regular expression finds one of them', async () => {
  const { api, sent } = clientOf(answers.links);
  const [text] = await variableValues(api, parseVariableQuery('query_result(topk(1, timestamp(pager_links_info)))'), range);
  assert.equal(/pager_url="([^"]+)"/.exec(text ?? '')?.[1], 'http://localhost:8025');
  assert.match(text ?? '', /\} 1795794645\.709 1795794660000$/);
  assert.deepEqual(sent[0]?.parameters, { query: 'topk(1, timestamp(pager_links_info))', time: String(range.end) });
});

test('metrics are the names that match', async () => {
  const { api } = clientOf({ status: 'success', data: ['order_workers', 'up', 'orders_processed_total'] });
  assert.deepEqual(await variableValues(api, parseVariableQuery('metrics(^order)'), range), ['order_workers', 'orders_processed_total']);
});

test('values are quoted for where they stand', () => {
  const many = { multi: true };
  assert.equal(quote('a"b\\c', {}), 'a\\"b\\\\c');
  assert.equal(quote('172.18.0.2:8000', many), '172\\\\.18\\\\.0\\\\.2:8000');
  assert.equal(quote(['a.b', 'c'], many), '(a\\\\.b|c)');
  assert.equal(quote(['only'], many), 'only');
  assert.equal(quote('a|b"', many), 'a\\\\|b\\"');
});
