import { parseExposition } from '../../test/support/exposition-parser.ts';
import type { BenchExporter } from '../exporter.ts';
import { pageText, type Response } from '../http-client.ts';
import type { Phase } from '../phases.ts';
import { measureScrapes } from './server.ts';
import type { Reading, Tool } from './tool.ts';

/** On an idle host one scrape is too short to be timed alone. */
const IDLE_SCRAPES = 10;
/** Share of the sockets that must be on the page; in TIME_WAIT some may have expired. */
const LEAST_SEEN = 0.98;

/** The exporter under test. Throws when its page does not show the sockets that are there. */
export function exporterTool(exporter: BenchExporter, phase: Phase, idleRate: number): Tool {
  return {
    name: 'exporter',
    async collect() {
      const scrapes = phase.state === undefined ? IDLE_SCRAPES : 1;
      const { reading, response } = await measureScrapes(exporter, idleRate, scrapes);
      return { ...reading, ...checkPage(response, phase) };
    },
    close: () => exporter.stop(),
  };
}

function checkPage(response: Response, { state, sockets }: Phase): Pick<Reading, 'sockets' | 'unattributed'> {
  const isOpenMetrics = String(response.headers['content-type']).startsWith('application/openmetrics-text');
  const page = parseExposition(pageText(response), isOpenMetrics ? 'openmetrics' : 'text');
  const failed = page.get('tcpstate_scrape_collector_success')?.samples.filter(({ value }) => value !== 1) ?? [];
  if (failed.length > 0) throw new Error(`collectors failed: ${failed.map(({ labels }) => labels.collector)}`);
  const sum = (metric: string, process?: string) =>
    (page.get(metric)?.samples ?? [])
      .filter(({ labels }) => (state === undefined || labels.state === state) && (!process || labels.process === process))
      .reduce((total, { value }) => total + value, 0);
  const seen = sum('tcpstate_sockets');
  if (seen < sockets * LEAST_SEEN) throw new Error(`the page shows ${seen} sockets in ${state} of ${sockets}`);
  return { sockets: seen, unattributed: seen === 0 ? 0 : sum('tcpstate_process_sockets', 'unknown') / seen };
}
