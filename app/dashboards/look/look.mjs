#!/usr/bin/env node
// Looks at every panel of every dashboard, in a browser, and prints what is wrong with each.

import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { inFolder } from './dashboards.mjs';
import { SINGLE_VALUES, faults } from './faults.mjs';
import { look } from './page.mjs';
import { start } from './viewer.mjs';

/** @typedef {import('./facts.js').Dashboard} Dashboard */

const USAGE = `\
Looks at every panel of Grafana dashboards in a browser, and prints a line for each fault: dashboard, panel, width, and what.

Usage: node look.mjs --dashboards DIR --prometheus URL [OPTIONS]

  --dashboards DIR    a folder of dashboards as Grafana exports them (classic JSON); several times for several folders
  --prometheus URL    where their queries are answered
  --width PIXELS      how wide the window is; several times for several (1280 and 1600)
  --from, --to TIME   the time to show, such as now-1h (as each dashboard says)
  --output DIR        keep a screenshot of every dashboard at every width
  --not-green TITLE   a stat or gauge that must not be green now, because of what is known to be broken; several times for several

Collapsed rows are opened, and every data source of the type prometheus is the one that is given.

Faults: what is not drawn, a query error, an override that matches nothing, a title that is cut, a legend or content that is hidden
in part, an axis from 0 to 100 where all values are below 1, a constant line that flattens the others, green where a query returned
nothing, and a rate of seconds that moves in whole steps.

It draws with the viewer beside it (npm ci and npm run build in ../page, and cargo), and needs chromium.
Exit code: 0 no fault, 1 faults, 2 wrong usage, 3 it could not look.
`;

/** @satisfies {import('node:util').ParseArgsConfig['options']} */
const options = /** @type {const} */ ({
  dashboards: { type: 'string', multiple: true },
  prometheus: { type: 'string' },
  width: { type: 'string', multiple: true },
  from: { type: 'string' },
  to: { type: 'string' },
  output: { type: 'string' },
  'not-green': { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h', default: false },
});

/** The exit code. */
async function main() {
  let given;
  try {
    given = parseArgs({ options }).values;
  } catch (error) {
    return refuse(String(/** @type {Error} */ (error).message));
  }
  if (given.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { dashboards: folders = [], prometheus, output, width = ['1280', '1600'], 'not-green': notGreen = [] } = given;
  const widths = width.map(Number);
  if (folders.length === 0 || !prometheus) {
    return refuse('--dashboards and --prometheus are needed');
  }
  if (!widths.every((pixels) => Number.isInteger(pixels) && pixels >= 300 && pixels <= 8000)) {
    return refuse(`--width ${width.join(' ')}: a number of pixels from 300 to 8000 is wanted`);
  }
  const dashboards = folders.flatMap(inFolder);
  if (dashboards.length === 0) {
    return refuse(`no dashboard in ${folders.join(', ')}`);
  }
  const unknown = notGreen.filter((title) => !dashboards.some(({ json }) => json.panels.some((panel) => panel.title === title && SINGLE_VALUES.includes(panel.type))));
  if (unknown.length > 0) {
    return refuse(`--not-green: there is no stat or gauge ${unknown.join(', ')}`);
  }
  if (output) {
    mkdirSync(output, { recursive: true });
  }
  const time = new URLSearchParams(Object.entries({ from: given.from, to: given.to }).flatMap(([name, value]) => (value ? [[name, value]] : [])));
  const viewer = await start(dashboards, prometheus.replace(/\/+$/, ''));
  try {
    return await lookAtAll(dashboards, viewer.url, { widths, time, output, notGreen });
  } finally {
    await viewer.stop();
  }
}

/**
 * @param {Dashboard[]} dashboards
 * @param {string} url
 * @param {{ widths: number[], time: URLSearchParams, output: string | undefined, notGreen: string[] }} how
 */
async function lookAtAll(dashboards, url, { widths, time, output, notGreen }) {
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  let panels = 0;
  let count = 0;
  try {
    for (const dashboard of dashboards) {
      for (const width of widths) {
        const screenshot = output && join(output, `${dashboard.json.uid}-${width}.png`);
        const { errors, panels: seen } = await look(browser, url, dashboard, width, time, screenshot);
        const found = [
          ...errors.map((error) => ['the dashboard', error]),
          ...seen.flatMap((panel) => [...faults(panel), ...mustNotBeGreen(panel, notGreen)].map((fault) => [panel.title, fault])),
        ];
        found.forEach(([where, what]) => console.log(`${dashboard.name}, ${where}, ${width} px: ${what}`));
        panels += seen.length;
        count += found.length;
      }
    }
  } finally {
    await browser.close();
  }
  console.log(`${panels} panels seen (${dashboards.length} dashboards at ${widths.join(' and ')} px): ${count === 0 ? 'no fault' : `${count} faults`}`);
  return count === 0 ? 0 : 1;
}

function chromiumPath() {
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'chromium'));
  const found = places.find((place) => existsSync(place));
  if (!found) {
    throw new Error('chromium is not installed: apt-get install --no-install-recommends chromium');
  }
  return found;
}

/**
 * @param {import('./facts.js').Panel} panel
 * @param {string[]} titles
 */
function mustNotBeGreen({ title, green }, titles) {
  return titles.includes(title) && green.length > 0 ? [`is green (${green.join(', ')}) and must not be now`] : [];
}

/** @param {string} why */
function refuse(why) {
  process.stderr.write(`look: ${why}\n\n${USAGE}`);
  return 2;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`look: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 3;
}
