// What is wrong with a panel, by what was seen of it (facts.d.ts). No browser here: see page.mjs for that.

/** @typedef {import('./facts.js').Panel} Panel */
/** @typedef {import('./facts.js').Axis} Axis */

/** The types of panels that show values as texts, in a colour that judges them. */
export const SINGLE_VALUES = ['stat', 'gauge', 'bargauge'];

/** A line that never changes flattens the others when it is this many times as high. */
const FLATTENED = 25;

/**
 * Everything that is wrong with a panel, in words.
 * @param {Panel} panel
 * @returns {string[]}
 */
export function faults(panel) {
  return [
    ...panel.errors.map((error) => `query error: ${error}`),
    ...(['Done', 'Error'].includes(panel.state) ? [] : [`is not loaded: ${panel.state}`]),
    ...unmatchedOverrides(panel),
    ...(panel.titleCut ? [`title is cut: it has ${panel.titleCut[0]} px and needs ${panel.titleCut[1]}`] : []),
    ...panel.scrolls.map(([what, has, needs]) => `${what} is hidden in part: it has ${has} px and needs ${needs}`),
    ...greenWithoutData(panel),
    ...panel.axes.flatMap(axisFaults),
    ...stepwiseTime(panel),
  ];
}

/**
 * Overrides for something that is not in the panel. One for a series that may exist another time, because its query has a legend
 * that varies and returned nothing now, is not judged.
 * @param {Panel} panel
 */
function unmatchedOverrides({ queries, names, overrides }) {
  const known = [...new Set([...names, ...queries.map(({ legend }) => legend)].filter((name) => !name.includes('{{')))];
  const mayComeLater = queries.some(({ legend, answered }) => !answered && (legend === '' || legend.includes('{{')));
  return overrides.flatMap(({ matcher, options }) => {
    const text = String(options);
    if (matcher === 'byName' && !known.includes(text) && !mayComeLater) {
      return [`override for ${JSON.stringify(text)} matches no series: ${known.join(', ')}`];
    }
    if (matcher === 'byRegexp' && !known.some((name) => regexp(text).test(name)) && !mayComeLater) {
      return [`override for ${text} matches no series: ${known.join(', ')}`];
    }
    if (matcher === 'byFrameRefID' && !queries.some(({ refId }) => refId === text)) {
      return [`override for query ${text} matches no query`];
    }
    return [];
  });
}

/**
 * As Grafana reads it: `/…/flags`, or the expression alone.
 * @param {string} text
 */
function regexp(text) {
  const parts = /^\/(.*)\/([gimsuy]*)$/s.exec(text);
  return parts ? new RegExp(parts[1] ?? '', parts[2]?.replace('g', '')) : new RegExp(text);
}

/**
 * Green says that all is well. Where a query has no answer, nobody knows.
 * @param {Panel} panel
 */
function greenWithoutData({ type, queries, green }) {
  const silent = queries.filter(({ answered }) => !answered);
  const shown = SINGLE_VALUES.includes(type) ? silent.length > 0 : silent.length === queries.length;
  if (!shown || silent.length === 0 || green.length === 0) {
    return [];
  }
  return [`is green (${green.join(', ')}) though query ${silent.map(({ refId }) => refId).join(', ')} returned nothing`];
}

/**
 * @param {Axis} axis
 * @returns {string[]}
 */
function axisFaults({ unit, min, max, lines }) {
  const values = lines.flatMap((line) => line.values);
  const highest = values.reduce((most, value) => Math.max(most, value), 0);
  const found = [];
  // What Grafana draws when it has nothing to go by.
  if (min === 0 && max === 100 && highest < 1 && unit !== 'percent') {
    found.push(`axis runs from 0 to 100 (unit ${unit || 'none'}) though nothing is above ${round(highest)}: set a soft maximum`);
  }
  const constant = lines.filter((line) => new Set(line.values).size === 1);
  const varying = lines.filter((line) => !constant.includes(line)).flatMap((line) => line.values);
  const top = varying.reduce((most, value) => Math.max(most, value), 0);
  for (const { name, values: [value = 0] } of constant) {
    if (top > 0 && value > FLATTENED * top && max >= value) {
      found.push(`${JSON.stringify(name)}, always ${round(value)}, flattens the others, which reach ${round(top)}`);
    }
  }
  return found;
}

/**
 * Time is continuous: a rate of seconds that is zero or one height, again and again, shows a counter that moves in whole steps.
 * @param {Panel} panel
 */
function stepwiseTime({ queries, axes }) {
  if (!queries.some(({ expr }) => /rate\(\s*\w+_seconds_total/.test(expr))) {
    return [];
  }
  return axes.flatMap(({ lines }) => lines).flatMap(({ name, values }) => {
    const heights = values.filter((value) => value > 0);
    const least = Math.min(...heights);
    const multiples = new Set(heights.map((value) => Math.round(value / least)));
    const whole = heights.every((value) => Math.abs(value / least - Math.round(value / least)) < 0.1);
    const rises = values.filter((value, i) => value > 0 && values[i - 1] === 0).length;
    return rises >= 2 && whole && multiples.size <= 3
      ? [`${JSON.stringify(name)} jumps between 0 and ${round(least)} (${rises} times): the counter moves in whole steps`]
      : [];
  });
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(2));
}
