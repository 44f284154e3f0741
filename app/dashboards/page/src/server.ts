// What the server knows: the dashboards and the data sources.
import type { DataSourceInstanceSettings } from '@grafana/data';
import type { Dashboard } from '@grafana/schema';
import type { PrometheusOptions } from './prometheus/datasource';

export interface Summary {
  uid: string;
  title: string;
  tags: string[];
}

export type Source = Pick<DataSourceInstanceSettings<PrometheusOptions>, 'uid' | 'name' | 'type' | 'isDefault'> & {
  jsonData: PrometheusOptions | null;
};

export function dashboards(): Promise<Summary[]> {
  return read('/api/search');
}

export async function dashboard(uid: string): Promise<Dashboard> {
  const answer: { dashboard: Dashboard } = await read(`/api/dashboards/uid/${encodeURIComponent(uid)}`);
  return answer.dashboard;
}

export function sources(): Promise<Source[]> {
  return read('/api/datasources');
}

async function read<T>(path: string): Promise<T> {
  const response = await fetch(path);
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(answer.detail ?? `${path}: ${response.status} ${response.statusText}`);
  }
  return answer;
}
