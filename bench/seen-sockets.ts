import { parseExposition } from '../test/support/pages/exposition-parser.ts';
import { pageText, type Response } from './http-client.ts';
import type { Phase } from './phases.ts';

export interface SeenSockets {
  /** In the state of the population; all of them on the idle host. */
  readonly sockets: number;
  /** Share of them (0–1) without a process. */
  readonly unattributed: number;
}

/** Share of the sockets that must be on the page; in TIME_WAIT some may have expired. */
const LEAST_SEEN = 0.98;

/** What a page says about the sockets of a population. Throws when it does not show them, or a collector failed. */
export function readSeen(response: Response, { state, sockets }: Phase): SeenSockets {
  const isOpenMetrics = String(response.headers['content-type']).startsWith('application/openmetrics-text');
  const page = parseExposition(pageText(response), isOpenMetrics ? 'openmetrics' : 'text');
  const failed = page.get('tcpstate_scrape_collector_success')?.samples.filter(({ value }) => value !== 1) ?? [];
  if (failed.length > 0) throw new Error(`collectors failed: ${failed.map(({ labels }) => labels.collector)}`);
  const sum = (metric: string, process?: string) =>
    (page.get(metric)?.samples ?? [])
      .filter(
        ({ labels }) => (state === undefined || labels.state === state) && (!process || labels.process === process),
      )
      .reduce((total, { value }) => total + value, 0);
  const seen = sum('tcpstate_sockets');
  if (seen < sockets * LEAST_SEEN) throw new Error(`the page shows ${seen} sockets in ${state} of ${sockets}`);
  return { sockets: seen, unattributed: seen === 0 ? 0 : sum('tcpstate_process_sockets', 'unknown') / seen };
}
