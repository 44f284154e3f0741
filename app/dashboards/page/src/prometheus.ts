// A frontend for Prometheus' HTTP API. Grafana's own (@grafana/prometheus) is AGPL and isn't used.
import { of, Observable } from "rxjs";
import { DataFrameType, FieldType, rangeUtil } from '@grafana/data';
import { sceneGraph } from '@grafana/scenes';

type Labels = Record<string, string>;
interface Result { metric: Labels; values?: [number, string][]; value?: [number, string]; }

const number = (s: string) => (s === '+Inf' ? Infinity : s === '-Inf' ? -Infinity : Number(s));

export class PrometheusSource {
  id = 1; uid: string; name: string; type = 'prometheus'; interval: string; meta: any = { id: 'prometheus', name: 'Prometheus', info: { logos: {} } };
  instanceSettings: any;
  variables = undefined;
  annotations: any = { processEvents: (annotation: any, frames: any[]) => of(events(annotation, frames)) };

  constructor(private settings: any) {
    this.uid = settings.uid; this.name = settings.name; this.interval = settings.jsonData?.timeInterval ?? '15s';
    this.instanceSettings = { id: 1, uid: this.uid, name: this.name, type: this.type, meta: this.meta, jsonData: settings.jsonData ?? {}, access: 'proxy', readOnly: true, isDefault: settings.isDefault };
  }
  getRef() { return { type: this.type, uid: this.uid }; }
  async testDatasource() { return { status: 'success', message: '' }; }

  // Only answers to the request that is still wanted count: scenes unsubscribe, and the fetch is aborted then.
  query(request: any): Observable<any> {
    return new Observable((subscriber) => {
      const abort = new AbortController();
      Promise.all(request.targets.filter((t: any) => !t.hide && t.expr).map((t: any) => this.one(request, t, abort.signal)))
        .then((parts: any[]) => {
          subscriber.next({ data: parts.flatMap((p) => p.frames), errors: parts.flatMap((p) => p.error ?? []) });
          subscriber.complete();
        }, (e) => subscriber.error(e));
      return () => abort.abort();
    });
  }

  private async one(request: any, target: any, signal: AbortSignal) {
    const scene = request.scopedVars?.__sceneObject?.value?.valueOf();
    const expand = (s: string, extra: any = {}) => scene ? sceneGraph.interpolate(scene, s, { ...request.scopedVars, ...extra }, quote) : s;

    // Min step, or else the scrape interval of the source; no more than 11,000 points.
    const from = request.range.from.valueOf(); const to = request.range.to.valueOf();
    const scrapeMs = rangeUtil.intervalToMs(target.interval ? expand(target.interval) : this.interval);
    const stepMs = Math.max(request.intervalMs, scrapeMs, Math.ceil((to - from) / 11000));
    const rateMs = Math.max(stepMs + scrapeMs, 4 * scrapeMs);
    const variable = (v: string | number) => ({ text: String(v), value: String(v) });
    const duration = (ms: number) => (ms % 1000 ? `${ms}ms` : `${ms / 1000}s`);
    const rangeS = Math.round((to - from) / 1000);
    const expr = expand(target.expr, {
      __interval: variable(duration(stepMs)), __interval_ms: variable(stepMs),
      __rate_interval: variable(duration(rateMs)), __rate_interval_ms: variable(rateMs),
      __range: variable(`${rangeS}s`), __range_s: variable(rangeS), __range_ms: variable(to - from),
    });
    const instant = target.instant && !target.range;
    const align = (ms: number) => Math.floor(ms / stepMs) * stepMs / 1000;
    try {
      const results: Result[] = instant
        ? await this.get('query', { query: expr, time: to / 1000 }, signal)
        : await this.get('query_range', { query: expr, start: align(from), end: align(to), step: stepMs / 1000 }, signal);
      const frames = results.map((r) => frame(r, target, stepMs, expr, expand));
      return { frames: target.format === 'heatmap' ? buckets(frames) : frames };
    } catch (e: any) {
      if (signal.aborted) { throw e; }
      return { frames: [], error: { message: e.message, refId: target.refId } };
    }
  }

  async get(path: string, query: Record<string, any>, signal?: AbortSignal, method = 'POST') {
    const body = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]));
    const url = `/api/datasources/proxy/uid/${this.uid}/api/v1/${path}`;
    const response = method === 'POST' ? await fetch(url, { method, body, signal }) : await fetch(`${url}?${body}`, { signal });
    const answer = await response.json().catch(() => ({ status: 'error', error: `${response.status} ${response.statusText}` }));
    if (answer.status !== 'success') { throw new Error(answer.error ?? response.statusText); }
    return answer.data?.result ?? answer.data;
  }

  // Of the functions for variables, those that our dashboards use.
  async metricFindQuery(query: any, options: any) {
    const text = typeof query === 'string' ? query : query?.query ?? '';
    const result = /^query_result\((.+)\)\s*$/.exec(text);
    if (result) {
      const rows: any[] = await this.get('query', { query: result[1], time: (options.range?.to.valueOf() ?? Date.now()) / 1000 });
      return rows.map((r) => { const { __name__: n = '', ...l } = r.metric; return { text: `${n}{${Object.entries(l).map(([k, v]) => `${k}="${v}"`).join(',')}} ${r.value[1]} ${r.value[0] * 1000}` }; });
    }
    const call = /^label_values\((?:(.+),\s*)?([a-zA-Z_$][\w]*)\)\s*$/.exec(text);
    if (!call) { throw new Error(`Not supported here: ${text}`); }
    const range = options.range ? { start: options.range.from.valueOf() / 1000, end: options.range.to.valueOf() / 1000 } : {};
    const values: string[] = await this.get(`label/${call[2]}/values`, { ...(call[1] ? { 'match[]': call[1] } : {}), ...range }, undefined, 'GET');
    return values.map((v) => ({ text: v }));
  }
}

// A value goes into a matcher: one is escaped, several become alternatives.
function quote(value: any, variable: any) {
  const escape = (v: any) => String(v).replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');
  if (typeof value === 'string') { return variable?.multi || variable?.includeAll ? escape(value) : value.replace(/\\/g, '\\\\').replace(/"/g, '\\"'); }
  return Array.isArray(value) ? (value.length === 1 ? escape(value[0]) : `(${value.map(escape).join('|')})`) : String(value);
}

function frame(r: Result, target: any, stepMs: number, expr: string, expand: (s: string) => string) {
  const points = r.values ?? (r.value ? [r.value] : []);
  const { __name__: metric = '', ...labels } = r.metric;
  const pairs = Object.entries(labels).map(([k, v]) => `${k}="${v}"`).join(', ');
  const format = target.legendFormat;
  const name = !format || format === '__auto'
    ? (pairs ? `${metric}{${pairs}}` : metric || expr)
    : expand(format).replace(/\{\{\s*(.+?)\s*\}\}/g, (_: string, l: string) => r.metric[l] ?? l);
  return {
    refId: target.refId, name,
    meta: { type: DataFrameType.TimeSeriesMulti, typeVersion: [0, 1], executedQueryString: `Expr: ${expr}\nStep: ${stepMs / 1000}s`, custom: { resultType: r.values ? 'matrix' : 'vector' } },
    fields: [
      { name: 'Time', type: FieldType.time, config: { interval: stepMs }, values: points.map((p) => Math.round(p[0] * 1000)) },
      { name: 'Value', type: FieldType.number, labels: r.metric, config: { displayNameFromDS: name }, values: points.map((p) => number(p[1])) },
    ],
  };
}

// Cumulative buckets, one series each, to one frame of counts between neighbouring bounds.
function buckets(frames: any[]) {
  const sorted = frames.map((f) => ({ f, le: number(f.fields[1].labels.le ?? '') })).filter((b) => !Number.isNaN(b.le)).sort((a, b) => a.le - b.le);
  if (!sorted.length) { return frames; }
  const times = [...new Set(sorted.flatMap((b) => b.f.fields[0].values as number[]))].sort((a, b) => a - b);
  let below: (number | null)[] = times.map(() => 0);
  const fields = sorted.map(({ f }) => {
    const at = new Map<number, number>(f.fields[0].values.map((t: number, i: number) => [t, f.fields[1].values[i]]));
    const upTo = times.map((t) => at.get(t) ?? null);
    const values = upTo.map((v, i) => (v == null ? null : Math.max(0, v - (below[i] ?? 0))));
    below = upTo;
    return { name: f.fields[1].labels.le, type: FieldType.number, labels: f.fields[1].labels, config: { displayNameFromDS: f.fields[1].config.displayNameFromDS }, values };
  });
  return [{ refId: frames[0].refId, meta: { ...frames[0].meta, type: DataFrameType.HeatmapRows }, fields: [{ ...frames[0].fields[0], values: times }, ...fields] }];
}

// Points above 0 no more than a step apart are one event that lasts.
function events(annotation: any, frames: any[]) {
  const out: any[] = [];
  for (const f of frames) {
    const time = f.fields[0]; const value = f.fields[1]; const labels: Labels = value?.labels ?? {};
    const stepMs = time?.config.interval ?? 0;
    const fill = (s?: string) => (s ?? '').replace(/\{\{\s*(.+?)\s*\}\}/g, (_, l) => labels[l] ?? '');
    let current: any;
    for (let i = 0; i < (time?.values.length ?? 0); i++) {
      if (!(value.values[i] > 0)) { continue; }
      const t = time.values[i];
      if (current && t - current.timeEnd <= stepMs) { current.timeEnd = t; continue; }
      current = { time: t, timeEnd: t, title: fill(annotation.titleFormat), text: fill(annotation.textFormat), tags: (annotation.tagKeys ?? '').split(',').map((k: string) => labels[k.trim()]).filter(Boolean), annotation };
      out.push(current);
    }
  }
  return out;
}
