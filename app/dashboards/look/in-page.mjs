// What runs in the page: is everything drawn, and what is seen of each panel. Panels are objects of @grafana/scenes, which React
// keeps beside the elements that they draw; plots likewise.

/** Makes `look` in the page. It takes nothing from outside of itself, because it is sent there as text. */
export function install() {
  /** @typedef {any} SceneObject */
  /** @typedef {any} Field */

  Object.assign(globalThis, { look: { drawn, collect } });

  /** Whether nothing is loading, and what was loaded has been drawn. */
  function drawn() {
    const { dashboards } = /** @type {any} */ (globalThis);
    const elements = panelElements();
    const { panels = [], loaded = false } = dashboards?.report() ?? {};
    if (elements.length === 0 || !loaded) {
      return false;
    }
    return document.fonts.status === 'loaded' && elements.filter((element) => element.querySelector('section')).length === panels.length;
  }

  /** Everything but the types of the panels, which the file has. */
  function collect() {
    const { $variables, $data } = scene()?.state ?? {};
    return {
      errors: [
        ...list($variables?.state.variables).filter((v) => v.state.error).map((v) => `variable ${v.state.name}: ${v.state.error}`),
        ...list($data?.state.layers).flatMap((layer) => errors(layer.state.data).map((text) => `annotation ${layer.state.name}: ${text}`)),
      ],
      panels: panelElements().map(panelFacts),
    };
  }

  function panelElements() {
    return [...document.querySelectorAll('[data-viz-panel-key]')].filter(panelOf);
  }

  /**
   * What React keeps beside an element or beside what is around it.
   * @template T
   * @param {Element} element
   * @param {(fiber: any) => T | undefined} find
   * @returns {T | undefined}
   */
  function around(element, find) {
    const key = Object.keys(element).find((name) => name.startsWith('__reactFiber$'));
    for (let fiber = key && /** @type {any} */ (element)[key]; fiber; fiber = fiber.return) {
      const found = find(fiber);
      if (found) {
        return found;
      }
    }
    return undefined;
  }

  /**
   * @param {Element} element
   * @returns {SceneObject}
   */
  function panelOf(element) {
    return around(element, ({ memoizedProps }) => (memoizedProps?.model?.state?.fieldConfig ? memoizedProps.model : undefined));
  }

  /** @returns {SceneObject} */
  function scene() {
    const [element] = panelElements();
    let object = element && panelOf(element);
    while (object?.parent) {
      object = object.parent;
    }
    return object;
  }

  /**
   * @param {any} items
   * @returns {any[]}
   */
  function list(items) {
    return Array.isArray(items) ? items : [];
  }

  /**
   * @param {any} data
   * @returns {string[]}
   */
  function errors(data) {
    const all = list(data?.errors).length > 0 ? data.errors : [data?.error].filter(Boolean);
    return all.map((/** @type {any} */ error) => String(error.message ?? error));
  }

  /**
   * @param {Element} element
   * @returns {Omit<import('./facts.js').Panel, 'type'>}
   */
  function panelFacts(element) {
    const panel = panelOf(element);
    const { state } = panel;
    const raw = state.$data?.state.data;
    /** @type {any[]} */
    const series = (raw && panel.applyFieldConfig(raw).series) ?? [];
    const queries = list(state.$data?.state.$data?.state.queries ?? state.$data?.state.queries);
    /** @param {any} frame */
    const numbers = (frame) => /** @type {Field[]} */ (frame.fields.filter((/** @type {Field} */ field) => field.type !== 'time'));
    const names = series.flatMap(numbers).map((field) => field.state?.displayName ?? field.config.displayName ?? field.config.displayNameFromDS ?? field.name);
    const title = element.querySelector('[data-testid*="header-container"] :is(h2, h6)');
    return {
      key: state.key,
      title: state.title,
      state: raw?.state ?? (queries.length > 0 ? 'never asked' : 'Done'),
      errors: errors(raw),
      queries: queries.map(({ refId, expr = '', legendFormat = '' }) => ({
        refId,
        expr,
        legend: legendFormat,
        answered: list(raw?.series).some((frame) => frame.refId === refId && numbers(frame).some(hasNumber)),
      })),
      names,
      overrides: list(state.fieldConfig?.overrides).map(({ matcher }) => ({ matcher: matcher.id, options: matcher.options })),
      titleCut: title && title.scrollWidth > title.clientWidth ? [title.clientWidth, title.scrollWidth] : undefined,
      scrolls: scrolls(element),
      green: greenTexts(element),
      axes: [...element.querySelectorAll('.uplot')].flatMap((plot) => axes(plot, names)),
    };
  }

  /** @param {Field} field */
  function hasNumber(field) {
    return [...field.values].some((value) => value !== null && value !== undefined && !Number.isNaN(value));
  }

  /** @param {Element} element */
  function inLegend(element) {
    return element.closest('[data-testid*="viz-layout-legend"]') !== null;
  }

  /**
   * What has more lines than room.
   * @param {Element} panel
   * @returns {['legend' | 'content', number, number][]}
   */
  function scrolls(panel) {
    const all = [...panel.querySelectorAll('*')];
    const found = all.filter((e) => e.scrollHeight > e.clientHeight + 4 && ['auto', 'scroll'].includes(getComputedStyle(e).overflowY));
    return found.map((e) => [inLegend(e) ? 'legend' : 'content', e.clientHeight, e.scrollHeight]);
  }

  /**
   * Texts of the content that are green themselves, or stand on green.
   * @param {Element} panel
   */
  function greenTexts(panel) {
    const content = panel.querySelector('[data-testid*="panel content"]');
    return [...(content?.querySelectorAll('*') ?? [])].flatMap((element) => {
      const text = element.childElementCount === 0 ? element.textContent?.trim() : '';
      const behind = [element, element.parentElement, element.parentElement?.parentElement].filter((e) => !!e);
      const colours = [getComputedStyle(element).color, ...behind.map((e) => getComputedStyle(e).backgroundColor)];
      return text && !inLegend(element) && colours.some(isGreen) ? [text] : [];
    });
  }

  /** @param {string} colour as the browser computes it: `rgb(…)` or `rgba(…)` */
  function isGreen(colour) {
    const [red = 0, green = 0, blue = 0, opacity = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
    return opacity > 0.5 && green > 80 && green > 1.25 * red && green > 1.25 * blue;
  }

  /**
   * @param {Element} element a plot of uPlot's
   * @param {string[]} names of its lines
   * @returns {import('./facts.js').Axis[]}
   */
  function axes(element, names) {
    const plot = around(/** @type {Element} */ (element.parentElement), ({ stateNode }) => stateNode?.plotInstance?.current ?? stateNode?.plotInstance);
    const scales = Object.entries(plot?.scales ?? {}).filter(([name, { min }]) => name !== 'x' && typeof min === 'number');
    return scales.map(([name, { min, max }]) => ({
      // The scale's name: the unit, which may have a stroke in it, and six more parts.
      unit: name.split('/').slice(0, -6).join('/'),
      min,
      max,
      lines: plot.series.flatMap((/** @type {any} */ line, /** @type {number} */ i) => (i > 0 && line.scale === name && line.show
        ? [{ name: names[i - 1] ?? String(line.label), values: [...plot.data[i]].filter((value) => Number.isFinite(value)) }]
        : [])),
    }));
  }
}
