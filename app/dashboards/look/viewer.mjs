// Starts the viewer's server on a free port, with every data source that the dashboards name being one Prometheus.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** @typedef {import('./facts.js').Dashboard} Dashboard */

const APP = resolve(import.meta.dirname, '../..');
const PAGE = join(APP, 'dashboards/page/dist/page');

/**
 * @param {string[]} folders
 * @param {Dashboard[]} dashboards
 * @param {string} prometheus its address
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function start(folders, dashboards, prometheus) {
  if (!existsSync(join(PAGE, 'index.html'))) {
    throw new Error(`the viewer's page is not built: npm ci --prefix ${APP}/dashboards/page && npm run build --prefix ${APP}/dashboards/page`);
  }
  const temporary = mkdtempSync(join(tmpdir(), 'dashboards-look-'));
  const datasources = join(temporary, 'datasources.yml');
  writeFileSync(datasources, JSON.stringify(provisioned(dashboards, prometheus, await scrapeInterval(prometheus))));
  const server = spawn('cargo', ['run', '--quiet', '--locked', '--manifest-path', join(APP, 'Cargo.toml'), '-p', 'dashboards'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      DASHBOARDS_ADDRESS: '127.0.0.1:0',
      DASHBOARDS_DATASOURCES: datasources,
      DASHBOARDS_FOLDERS: folders.map((folder) => resolve(folder)).join(':'),
      DASHBOARDS_PAGE: PAGE,
    },
  });
  const ended = new Promise((done) => server.once('exit', done));
  const stop = async () => {
    server.kill('SIGTERM');
    await ended;
    rmSync(temporary, { recursive: true, force: true });
  };
  try {
    return { url: `http://${await address(server)}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Where the server says it listens.
 * @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, import('node:stream').Readable>} server
 * @returns {Promise<string>}
 */
function address(server) {
  return new Promise((found, failed) => {
    /** @type {string[]} */
    const printed = [];
    for (const stream of [server.stdout, server.stderr]) {
      createInterface(stream).on('line', (line) => {
        const [, listening] = /"message":"listening".*?"address":"([^"]+)"/.exec(line) ?? /"address":"([^"]+)".*?"message":"listening"/.exec(line) ?? [];
        if (listening) {
          found(listening);
        }
        printed.push(line);
      });
    }
    server.once('error', failed);
    server.once('exit', () => failed(new Error(`the viewer's server does not start:\n${printed.join('\n')}`)));
  });
}

/**
 * Grafana's provisioning, of which JSON is a part. A source that is named by a variable, or by none, is the default one.
 * @param {Dashboard[]} dashboards
 * @param {string} url
 * @param {string} timeInterval
 */
function provisioned(dashboards, url, timeInterval) {
  const uids = new Set(['prometheus']);
  JSON.stringify(dashboards, (key, value) => {
    if (key === 'datasource' && value?.type === 'prometheus' && typeof value.uid === 'string') {
      uids.add(value.uid);
    }
    return value;
  });
  const source = { type: 'prometheus', url, jsonData: { timeInterval, httpMethod: 'POST' } };
  return { datasources: [...uids].map((uid) => ({ ...source, uid, name: uid, isDefault: uid === 'prometheus' })) };
}

/**
 * How often Prometheus scrapes, which the smallest step of a query and `$__rate_interval` depend on.
 * @param {string} prometheus
 */
async function scrapeInterval(prometheus) {
  const answer = await fetch(`${prometheus}/api/v1/status/config`).catch((error) => {
    throw new Error(`Prometheus does not answer at ${prometheus}: ${error.cause?.message ?? error.message}`);
  });
  const { data } = /** @type {{ data?: { yaml?: string } }} */ (await answer.json().catch(() => ({})));
  return /scrape_interval: (\S+)/.exec(data?.yaml ?? '')?.[1] ?? '15s';
}
