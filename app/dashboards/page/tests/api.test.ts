import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answers, clientOf } from './answers';

test('asks for a range as a form, since a long query does not fit into an address', async () => {
  const { api, sent } = clientOf(answers.orderRate);
  const found = await api.queryRange('sum(rate(x[20s]))', { start: 10, end: 40, step: 5 });
  assert.deepEqual(sent, [{ url: '/api/query_range', method: 'POST', parameters: { query: 'sum(rate(x[20s]))', start: '10', end: '40', step: '5' } }]);
  assert.deepEqual(
    found.map(({ metric, samples }) => [metric.status, samples.length]),
    [
      ['failure', 9],
      ['success', 9],
    ],
  );
});

test('reads vectors and scalars', async () => {
  const [vector] = await clientOf(answers.links).api.query('', 0);
  assert.equal(vector?.metric.pager_url, 'http://localhost:8025');
  assert.deepEqual(vector?.samples, [[1795794660, '1795794645.709']]);
  const [scalar] = await clientOf(answers.scalar).api.query('', 0);
  assert.deepEqual(scalar, { metric: {}, samples: [[1795794660, '+Inf']] });
});

test('an error is told in the words of Prometheus', async () => {
  const { api } = clientOf(answers.syntaxError, 400);
  await assert.rejects(api.query('rate(orders', 0), /unclosed left parenthesis/);
});

test('an error of the server on the way is told in its words, or else as a status', async () => {
  await assert.rejects(clientOf({ status: 404, detail: 'there is no data source here' }, 404).api.query('', 0), /no data source/);
  await assert.rejects(clientOf('<html>', 502).api.query('', 0), /502 Bad Gateway/);
});

test('native histograms are refused, not drawn as nothing', async () => {
  const answer = { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, histograms: [] }] } };
  await assert.rejects(clientOf(answer).api.queryRange('', { start: 0, end: 1, step: 1 }), /Native histograms/);
});

test('asks for the values of a label with a selector', async () => {
  const { api, sent } = clientOf(answers.instances);
  assert.deepEqual(await api.labelValues('instance', 'order_workers{job="a"}', { start: 1, end: 2 }), ['172.18.0.2:8000']);
  assert.equal(sent[0]?.url, '/api/label/instance/values?match%5B%5D=order_workers%7Bjob%3D%22a%22%7D&start=1&end=2');
});
