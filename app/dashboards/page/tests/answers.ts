// Answers as a Prometheus 3.5 gave them while orders failed, and a stand-in for `fetch` that gives them again.
import { PrometheusApi, type Series } from '../src/prometheus/api';
import alertStates from './answers/alert-states.json';
import buckets from './answers/buckets.json';
import firing from './answers/firing.json';
import instances from './answers/instances.json';
import links from './answers/links.json';
import orderRate from './answers/order-rate.json';
import scalar from './answers/scalar.json';
import syntaxError from './answers/syntax-error.json';

export const answers = { alertStates, buckets, firing, instances, links, orderRate, scalar, syntaxError };

export interface Sent {
  url: string;
  method: string;
  parameters: Record<string, string>;
}

/** A client whose every request is answered with `answer`; `sent` lists them. */
export function clientOf(answer: unknown, status = 200): { api: PrometheusApi; sent: Sent[] } {
  const sent: Sent[] = [];
  const send = async (url: unknown, { method = 'GET', body }: RequestInit = {}) => {
    sent.push({ url: String(url), method, parameters: Object.fromEntries(body instanceof URLSearchParams ? body : []) });
    return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer), { status, statusText: 'Bad Gateway' });
  };
  return { api: new PrometheusApi('/api', send as typeof fetch), sent };
}

/** The series of a recorded answer to a range query. */
export async function series(answer: keyof typeof answers): Promise<Series[]> {
  return clientOf(answers[answer]).api.queryRange('', { start: 0, end: 0, step: 1 });
}
