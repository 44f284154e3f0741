// A Prometheus that answers a few made-up queries, always the same.

import { createServer } from 'node:http';

const POINTS = 60;

/** What each query returns: for every series its labels and a value for each point. */
/** @type {Record<string, { labels: Record<string, string>, at: (i: number) => number }[]>} */
const ANSWERS = {
  zero: [{ labels: { name: 'a' }, at: () => 0 }],
  one: [{ labels: { name: 'a' }, at: () => 1 }],
  nothing: [],
  waves: [{ labels: { name: 'a' }, at: (i) => 3 + Math.sin(i / 5) }],
  limit: [{ labels: {}, at: () => 800 }],
  near_limit: [{ labels: {}, at: () => 10 }],
  many: Array.from({ length: 30 }, (_, n) => ({ labels: { name: `series number ${n}` }, at: (i) => n + (i % 3) })),
  'rate(whole_seconds_total[1m])': [{ labels: { name: 'a' }, at: (i) => (i % 20 < 4 ? 0.05 : 0) }],
  'rate(fine_seconds_total[1m])': [{ labels: { name: 'a' }, at: (i) => (i % 20 < 4 ? 0.05 + i / 1000 : 0) }],
};

/** @returns {Promise<{ url: string, stop: () => void }>} */
export async function start() {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://prometheus');
    const parameters = request.method === 'POST' ? new URLSearchParams(Buffer.concat(chunks).toString()) : searchParams;
    const [status, body] = answer(pathname, parameters);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

/**
 * @param {string} path
 * @param {URLSearchParams} parameters
 * @returns {[number, object]}
 */
function answer(path, parameters) {
  const success = (/** @type {object} */ data) => /** @type {[number, object]} */ ([200, { status: 'success', data }]);
  if (path === '/api/v1/status/config') {
    return success({ yaml: 'global:\n  scrape_interval: 5s\n' });
  }
  const query = parameters.get('query') ?? '';
  const series = ANSWERS[query];
  if (!series) {
    return [400, { status: 'error', errorType: 'bad_data', error: `parse error: ${query}` }];
  }
  if (path === '/api/v1/query') {
    const time = Number(parameters.get('time') ?? Date.now() / 1000);
    return success({ resultType: 'vector', result: series.map(({ labels, at }) => ({ metric: labels, value: [time, String(at(0))] })) });
  }
  const [start, end] = ['start', 'end'].map((name) => Number(parameters.get(name)));
  const times = Array.from({ length: POINTS }, (_, i) => (start ?? 0) + ((end ?? 0) - (start ?? 0)) * (i / (POINTS - 1)));
  const result = series.map(({ labels, at }) => ({ metric: labels, values: times.map((time, i) => [time, String(at(i))]) }));
  return success({ resultType: 'matrix', result });
}
