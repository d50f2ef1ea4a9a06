import type { BenchExporter } from './exporter.ts';
import type { Phase } from './phases.ts';
import { readSeen } from './seen-sockets.ts';
import type { SocketFleet } from './socket-fleet.ts';

/**
 * Scrapes until V8 has compiled what it will compile and the tables have their size: few of many sockets, many of few. An
 * exporter runs for weeks; at 100,000 sockets V8 compiles for the first eighty scrapes.
 */
const LEAST_SCRAPES = 6;
const MOST_SCRAPES = 300;
const ENOUGH_MS = 30_000;
/** Owners of very many sockets are found in the course of several scrapes, each of which has a budget for it. */
const MOST_SEARCHES = 100;
const FOUND = 0.005;

/** Brings exporters, all at once, to where they are after some time of work: owners known, code compiled, memory in place. */
export async function warmUp(
  exporters: readonly BenchExporter[],
  fleet: SocketFleet | undefined,
  phase: Phase,
  churn: number,
): Promise<void> {
  const hasOwners = phase.state === 'established' || phase.state === 'close_wait';
  if (hasOwners) await Promise.all(exporters.map((exporter) => findOwners(exporter, phase)));
  const endMs = performance.now() + ENOUGH_MS;
  const isEnough = (scrapes: number) => scrapes >= LEAST_SCRAPES && performance.now() > endMs;
  for (let scrape = 0; scrape < MOST_SCRAPES && !isEnough(scrape); scrape++) {
    await Promise.all(exporters.map(({ client }) => client.scrape()));
    await fleet?.replace(churn);
  }
}

async function findOwners(exporter: BenchExporter, phase: Phase): Promise<void> {
  for (let scrape = 0; scrape < MOST_SEARCHES; scrape++) {
    if (readSeen(await exporter.client.scrape(), phase).unattributed <= FOUND) return;
  }
}
