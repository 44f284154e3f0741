// Prometheus as a data source of Grafana's packages. Grafana's own (@grafana/prometheus) is licensed under the AGPL, and not used.
import { Observable, of } from 'rxjs';
import {
  DataSourceApi,
  rangeUtil,
  type DataFrame,
  type DataQuery,
  type DataQueryError,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceInstanceSettings,
  type DataSourceJsonData,
  type LegacyMetricFindQueryOptions,
  type MetricFindValue,
  type ScopedVars,
  type TestDataSourceResponse,
} from '@grafana/data';
import { sceneGraph, SceneObjectBase } from '@grafana/scenes';
import { events } from './annotations';
import { PrometheusApi } from './api';
import { frameOf, heatmapRows } from './frames';
import { alignedRange, duration, intervals } from './interval';
import { quote } from './interpolation';
import { parseVariableQuery, variableValues } from './variables';

export interface PrometheusQuery extends DataQuery {
  expr?: string;
  /** "Min step" */
  interval?: string;
  legendFormat?: string;
  instant?: boolean;
  range?: boolean;
  format?: 'time_series' | 'heatmap' | 'table';
}

export interface PrometheusOptions extends DataSourceJsonData {
  /** The scrape interval. */
  timeInterval?: string;
}

type Answer = { frames: DataFrame[] } | { error: DataQueryError };

export class PrometheusDatasource extends DataSourceApi<PrometheusQuery, PrometheusOptions> {
  private readonly api: PrometheusApi;
  private readonly scrapeInterval: string;

  override annotations = { processEvents: (annotation: Parameters<typeof events>[0], frames: DataFrame[]) => of(events(annotation, frames)) };

  constructor(readonly settings: DataSourceInstanceSettings<PrometheusOptions>) {
    super(settings);
    this.api = new PrometheusApi(`/api/datasources/proxy/uid/${settings.uid}/api/v1`);
    // What Grafana assumes if it is not told.
    this.scrapeInterval = settings.jsonData.timeInterval ?? '15s';
    this.interval = this.scrapeInterval;
  }

  async testDatasource(): Promise<TestDataSourceResponse> {
    return { status: 'success', message: '' };
  }

  /** Whoever no longer wants the answer unsubscribes; the requests are aborted then. */
  query(request: DataQueryRequest<PrometheusQuery>): Observable<DataQueryResponse> {
    return new Observable((subscriber) => {
      const abort = new AbortController();
      const targets = request.targets.filter((target) => !target.hide && target.expr);
      Promise.all(targets.map((target) => this.answer(request, target, abort.signal))).then(
        (answers) => {
          subscriber.next({
            data: answers.flatMap((answer) => ('frames' in answer ? answer.frames : [])),
            errors: answers.flatMap((answer) => ('error' in answer ? answer.error : [])),
          });
          subscriber.complete();
        },
        (error: unknown) => subscriber.error(error),
      );
      return () => abort.abort();
    });
  }

  /** An error of one query leaves the others their answers. */
  private async answer(request: DataQueryRequest<PrometheusQuery>, target: PrometheusQuery, signal: AbortSignal): Promise<Answer> {
    try {
      return { frames: await this.frames(request, target, signal) };
    } catch (error) {
      return { error: { refId: target.refId, message: error instanceof Error ? error.message : String(error) } };
    }
  }

  private async frames(request: DataQueryRequest<PrometheusQuery>, target: PrometheusQuery, signal: AbortSignal): Promise<DataFrame[]> {
    if (target.format === 'table') {
      throw new Error('Queries in the format Table are not drawn here.');
    }
    const { refId, legendFormat } = target;
    const [from, to] = [request.range.from.valueOf(), request.range.to.valueOf()];
    const scrape = interpolate(target.interval || this.scrapeInterval, request.scopedVars);
    const { stepMs, rateMs } = intervals(request.intervalMs, rangeUtil.intervalToMs(scrape), to - from);
    const expr = interpolate(target.expr ?? '', {
      ...request.scopedVars,
      ...timeVariables('__interval', stepMs),
      ...timeVariables('__rate_interval', rateMs),
      ...timeVariables('__range', to - from),
      __range_s: scoped(Math.round((to - from) / 1000)),
    });
    const legend = legendFormat ? interpolate(legendFormat, request.scopedVars) : undefined;

    const frames: DataFrame[] = [];
    if (target.instant) {
      const series = await this.api.query(expr, to / 1000, signal);
      frames.push(...series.map((one) => frameOf(one, { refId, expr, legend })));
    }
    if (target.range ?? !target.instant) {
      const series = await this.api.queryRange(expr, alignedRange(from, to, stepMs), signal);
      frames.push(...series.map((one) => frameOf(one, { refId, expr, legend, stepMs })));
    }
    return target.format === 'heatmap' ? heatmapRows(frames) : frames;
  }

  override async metricFindQuery(query: string | { query?: string }, options: LegacyMetricFindQueryOptions = {}): Promise<MetricFindValue[]> {
    const text = typeof query === 'string' ? query : (query.query ?? '');
    const end = options.range?.to.valueOf() ?? Date.now();
    const start = options.range?.from.valueOf() ?? end - 3_600_000;
    const rangeMs = end - start;
    const { rateMs } = intervals(0, rangeUtil.intervalToMs(this.scrapeInterval), rangeMs);
    const expanded = interpolate(text, { ...options.scopedVars, ...timeVariables('__range', rangeMs), ...timeVariables('__rate_interval', rateMs) });
    const values = await variableValues(this.api, parseVariableQuery(expanded), { start: start / 1000, end: end / 1000 });
    return values.map((value) => ({ text: value }));
  }
}

/** Grafana's packages say with each request which part of the dashboard it is for: that knows the variables. */
function interpolate(text: string, variables: ScopedVars = {}): string {
  const scene: unknown = variables.__sceneObject?.value?.valueOf();
  return scene instanceof SceneObjectBase ? sceneGraph.interpolate(scene, text, variables, quote) : text;
}

function timeVariables(name: string, ms: number): ScopedVars {
  return { [name]: scoped(duration(ms)), [`${name}_ms`]: scoped(ms) };
}

function scoped(value: string | number) {
  return { text: String(value), value: String(value) };
}
