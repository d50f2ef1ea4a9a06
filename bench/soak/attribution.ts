import { isDeepStrictEqual } from 'node:util';
import type { ParsedFamily } from '../../test/support/pages/exposition-parser.ts';
import { takePageInQuiet } from '../../test/support/sockets/page-and-ss.ts';
import type { SsSocket } from '../../test/support/sockets/ss.ts';
import type { BenchExporter } from '../exporter.ts';
import { scrapePage } from './observe.ts';
import type { Check } from './verdict.ts';

/** States in which a socket has an owner that `ss` can tell. */
const OWNED = new Set(['established', 'close_wait', 'listen']);

/** Compares sockets by state and process with those of `ss -tanp`, at a moment when nothing changes. */
export async function checkAttribution(exporter: BenchExporter): Promise<Check> {
  const { page, sockets } = await takePageInQuiet(() => scrapePage(exporter));
  const [ours, theirs] = [processesOnPage(page), processesOfSs(sockets)];
  const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  const wrong = keys.filter((key) => ours[key] !== theirs[key]);
  const isRight = isDeepStrictEqual(ours, theirs) && keys.length > 0;
  return {
    name: 'processes at the end are those that ss -tanp names',
    passed: isRight,
    detail: isRight
      ? `${keys.length} pairs of state and process, ${sockets.length} sockets`
      : wrong.map((key) => `${key}: ${ours[key] ?? 0}, by ss ${theirs[key] ?? 0}`).join('; '),
  };
}

function processesOnPage(page: ReadonlyMap<string, ParsedFamily>): Record<string, number> {
  const samples = page.get('tcpstate_process_sockets')?.samples ?? [];
  const owned = samples.filter(({ labels, value }) => OWNED.has(labels.state!) && value > 0);
  return Object.fromEntries(owned.map(({ labels, value }) => [`${labels.state} ${labels.process}`, value]).sort());
}

function processesOfSs(sockets: readonly SsSocket[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state, process = 'unknown' } of sockets) {
    if (OWNED.has(state)) counts[`${state} ${process}`] = (counts[`${state} ${process}`] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).sort());
}
