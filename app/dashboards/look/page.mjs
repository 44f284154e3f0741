// Opens a dashboard in the viewer, waits until every panel is drawn, and tells what is seen of each.

import { bottom } from './dashboards.mjs';
import { install } from './in-page.mjs';

/** @typedef {import('./facts.js').Facts} Facts */
/** @typedef {import('playwright-core').Browser} Browser */
/** @typedef {import('playwright-core').Page} Page */

/** How long a dashboard may take to load. */
const PATIENCE_MS = 90_000;
/** How long it must stay as it is to be judged. */
const SETTLED_MS = 700;
/** Grafana's grid: the height of a row and the gap below it; and the room that the page's head may take. In pixels. */
const ROW = 38;
const HEAD = 250;

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
  // As high as the dashboard: what is out of sight is not drawn.
  const page = await browser.newPage({ viewport: { width, height: bottom(dashboard.json.panels) * ROW + HEAD } });
  await page.addInitScript(install);
  await page.goto(`${url}/d/${dashboard.json.uid}?all&${parameters}`);
  await untilDrawn(page);
  /** @type {{ errors: string[], panels: Omit<import('./facts.js').Panel, 'type'>[] }} */
  const seen = await page.evaluate(() => /** @type {any} */ (globalThis).look.collect());
  const types = new Map(dashboard.json.panels.map(({ id, type }) => [`panel-${id}`, type]));
  const facts = { errors: seen.errors, panels: seen.panels.map((panel) => ({ ...panel, type: types.get(panel.key) ?? '' })) };
  const wanted = dashboard.json.panels.filter(({ type }) => type !== 'row').length;
  if (facts.panels.length < wanted) {
    facts.errors.push(`only ${facts.panels.length} of ${wanted} panels are drawn: ${(await page.innerText('body')).slice(0, 200)}`);
  }
  if (screenshot) {
    await page.screenshot({ path: screenshot });
  }
  await page.close();
  return facts;
}

/**
 * Waits until everything is drawn and stays so: a width that settles asks again. What is missing at the end is a fault to find.
 * @param {Page} page
 */
async function untilDrawn(page) {
  const started = Date.now();
  for (let since = started; Date.now() - since < SETTLED_MS && Date.now() - started < PATIENCE_MS; ) {
    await page.waitForTimeout(100);
    if (!(await page.evaluate(() => /** @type {any} */ (globalThis).look.drawn()))) {
      since = Date.now();
    }
  }
}
