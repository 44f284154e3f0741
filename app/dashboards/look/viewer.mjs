// Starts the viewer's server on a free port, for some dashboards and one Prometheus.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { write } from './dashboards.mjs';

/** @typedef {import('./facts.js').Dashboard} Dashboard */

const APP = resolve(import.meta.dirname, '../..');
const PAGE = join(APP, 'dashboards/page/dist/page');

/**
 * @param {Dashboard[]} dashboards
 * @param {string} prometheus its address
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function start(dashboards, prometheus) {
  if (!existsSync(join(PAGE, 'index.html'))) {
    throw new Error(`the viewer's page is not built: npm ci --prefix ${APP}/dashboards/page && npm run build --prefix ${APP}/dashboards/page`);
  }
  const temporary = mkdtempSync(join(tmpdir(), 'dashboards-look-'));
  const folder = join(temporary, 'dashboards');
  write(folder, dashboards);
  // JSON is YAML, too.
  const datasources = join(temporary, 'datasources.yml');
  const jsonData = { timeInterval: await scrapeInterval(prometheus), httpMethod: 'POST' };
  const source = { type: 'prometheus', uid: 'prometheus', name: 'Prometheus', url: prometheus, isDefault: true, jsonData };
  writeFileSync(datasources, JSON.stringify({ datasources: [source] }));
  const server = spawn('cargo', ['run', '--quiet', '--locked', '--manifest-path', join(APP, 'Cargo.toml'), '-p', 'dashboards'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      DASHBOARDS_ADDRESS: '127.0.0.1:0',
      DASHBOARDS_DATASOURCES: datasources,
      DASHBOARDS_FOLDERS: folder,
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
