// The queries of variables: `label_values(…)`, `label_names()`, `metrics(…)` and `query_result(…)`, as Grafana documents them.
import type { PrometheusApi, Range, Series } from './api';

export type VariableQuery =
  | { function: 'label_values'; label: string; selector?: string }
  | { function: 'label_names' }
  | { function: 'metrics'; pattern: RegExp }
  | { function: 'query_result'; expr: string };

/** @throws if it is none of those */
export function parseVariableQuery(text: string): VariableQuery {
  const [, name, argument = ''] = /^\s*(\w+)\(([^]*)\)\s*$/.exec(text) ?? [];
  switch (name) {
    case 'label_values': {
      // The label comes last: a selector may have commas of its own.
      const [, selector, label] = /^(?:([^]+),)?\s*([\w$]+)\s*$/.exec(argument) ?? [];
      if (label) {
        return { function: name, label, selector: selector?.trim() };
      }
      break;
    }
    case 'label_names':
      return { function: name };
    case 'metrics':
      return { function: name, pattern: new RegExp(argument.trim()) };
    case 'query_result':
      return { function: name, expr: argument.trim() };
  }
  throw new Error(`This query of a variable is not known here: ${text}`);
}

export async function variableValues(api: PrometheusApi, query: VariableQuery, range: Omit<Range, 'step'>): Promise<string[]> {
  switch (query.function) {
    case 'label_values':
      return api.labelValues(query.label, query.selector, range);
    case 'label_names':
      return api.labelNames(range);
    case 'metrics':
      return (await api.labelValues('__name__', undefined, range)).filter((name) => query.pattern.test(name));
    case 'query_result':
      return (await api.query(query.expr, range.end)).map(resultText);
  }
}

/** The text that the regular expression of a variable is applied to: series, value, and time in milliseconds. */
function resultText({ metric: { __name__: name = '', ...labels }, samples }: Series): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const [time, value] = samples[0] ?? [0, ''];
  return `${name}{${pairs.join(',')}} ${value} ${time * 1000}`;
}
