// Opens a dashboard in the viewer, waits until every panel is drawn, and tells what is seen of each.

import { bottom } from './dashboards.mjs';
import { install } from './in-page.mjs';

/** @typedef {import('./facts.js').Facts} Facts */
/** @typedef {import('playwright-core').Browser} Browser */
/** @typedef {import('playwright-core').Page} Page */

/** How long a dashboard may take to load. */
const PATIENCE_MS = 90_000;
/** How long it must stay as it is to be judged. */
const SETTLED_MS = 1_000;
/** Grafana's grid: the height of a row and the gap below it; and the room that the page's head may take. In pixels. */
const ROW = 38;
const HEAD = 250;

/** How often it is looked at a page whose requests the browser broke off. */
const ATTEMPTS = 5;

/**
 * @param {Browser} browser
 * @param {string} url of the viewer
 * @param {import('./facts.js').Dashboard} dashboard
 * @param {number} width in pixels
 * @param {URLSearchParams} parameters for the page's address
 * @param {string | undefined} screenshot where to keep one
 * @returns {Promise<Facts>}
 */
export async function look(browser, url, dashboard, width, parameters, screenshot) {
  for (let attempt = 1; ; attempt += 1) {
    // As high as the dashboard: what is out of sight is not drawn.
    const page = await browser.newPage({ viewport: { width, height: bottom(dashboard.json.panels) * ROW + HEAD } });
    const requests = watch(page);
    await page.addInitScript(install);
    await page.goto(`${url}/d/${dashboard.json.uid}?all&${parameters}`).catch(() => undefined);
    await untilDrawn(page, requests);
    const facts = await collect(page, dashboard);
    if (screenshot) {
      await page.screenshot({ path: screenshot });
    }
    await page.close();
    if (!requests.interrupted || attempt === ATTEMPTS) {
      return facts;
    }
  }
}

/**
 * Counts the requests that are under way. When an address of this machine comes or goes, as it does with each container, Chromium
 * breaks off all of them.
 * @param {Page} page
 */
function watch(page) {
  const requests = { open: 0, interrupted: false };
  page.on('request', () => {
    requests.open += 1;
  });
  page.on('requestfinished', () => {
    requests.open -= 1;
  });
  page.on('requestfailed', (request) => {
    requests.open -= 1;
    requests.interrupted ||= request.failure()?.errorText === 'net::ERR_NETWORK_CHANGED';
  });
  return requests;
}

/**
 * Waits until everything is drawn and stays so: a width that settles asks again. What is missing at the end is a fault to find.
 * @param {Page} page
 * @param {{ open: number }} requests
 */
async function untilDrawn(page, requests) {
  const started = Date.now();
  for (let since = started; Date.now() - since < SETTLED_MS && Date.now() - started < PATIENCE_MS; ) {
    await page.waitForTimeout(100);
    if (requests.open > 0 || !(await page.evaluate(() => /** @type {any} */ (globalThis).look?.drawn()))) {
      since = Date.now();
    }
  }
}

/**
 * @param {Page} page
 * @param {import('./facts.js').Dashboard} dashboard
 * @returns {Promise<Facts>}
 */
async function collect(page, { json }) {
  /** @type {{ errors: string[], panels: Omit<import('./facts.js').Panel, 'type'>[] }} */
  const { errors, panels } = await page.evaluate(() => /** @type {any} */ (globalThis).look.collect());
  const wanted = json.panels.filter(({ type }) => type !== 'row');
  if (panels.length < wanted.length) {
    const text = (await page.innerText('body')).slice(0, 200);
    errors.push(`only ${panels.length} of ${wanted.length} panels are drawn: ${text}`);
  }
  const types = new Map(wanted.map(({ id, type }) => [`panel-${id}`, type]));
  return { errors, panels: panels.map((panel) => ({ ...panel, type: types.get(panel.key) ?? '' })) };
}
