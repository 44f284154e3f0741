// What a panel says in place of a graph.
import type { FieldConfigSource } from '@grafana/data';

export function NoData({ fieldConfig }: { fieldConfig: FieldConfigSource }) {
  return <Message text={fieldConfig.defaults.noValue ?? 'No data'} />;
}

export function Message({ text }: { text: string }) {
  const center = { height: '100%', display: 'flex', alignItems: 'center', justifyContent: 'center', textAlign: 'center' } as const;
  return <div style={center}>{text}</div>;
}
