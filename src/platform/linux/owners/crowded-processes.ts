import { fillOf, type OpenFds } from './process-fds.ts';
import { isProcess, type ProcessRecord, type ProcessTable } from './process-table.ts';

/** A process that has this share of its descriptors open is reported, whatever they are. */
export const CROWDED = 0.5;
/**
 * Effort per scrape: for one process in eight, within these bounds. One that the kernel counts descriptors for takes 1,
 * another one as much as its list is long. A look takes 8 µs; descriptors that leak take minutes to come near the limit.
 * The first scrape looks at all that the kernel counts for, which the search for owners has asked for then.
 */
const SHARE = 1 / 8;
const LEAST_VISITS = 10;
const MOST_VISITS = 50;
const LISTED_PER_VISIT = 50;
/** The processes nearest to their limit are remembered, and checked in every scrape. */
const MOST_REMEMBERED = 100;

/**
 * Finds processes near their limit of descriptors that own no socket on the page: a socket that the kernel has dropped
 * is in no table, but its descriptor remains. Each scrape checks some processes and remembers what it found.
 */
export function createCrowdSearch(processes: ProcessTable, fdsOf: (record: ProcessRecord) => OpenFds | undefined) {
  let next = 0;
  let effortOfCounted = 0;
  let crowded: readonly ProcessRecord[] = [];

  return function findCrowded(): readonly ProcessRecord[] {
    const candidates = new Set(crowded);
    const slots = processes.records.length;
    const visits = Math.min(MOST_VISITS, Math.max(LEAST_VISITS, slots * SHARE));
    for (let step = 0, effort = 0; step < slots && effort < visits; step++) {
      next = (next + 1) % slots;
      const record = processes.at(next);
      if (!record?.isAlive || !isProcess(record) || record.held.sockets > 0) continue;
      const fds = fdsOf(record);
      effort += record.fdCount >= 0 ? effortOfCounted : 1 + (fds?.open ?? 0) / LISTED_PER_VISIT;
      if (fds !== undefined && fillOf(fds) >= CROWDED) candidates.add(record);
    }
    effortOfCounted = 1;
    crowded = nearest([...candidates]);
    return crowded;
  };

  function nearest(records: readonly ProcessRecord[]): ProcessRecord[] {
    return records
      .map((record) => ({ record, fill: record.held.sockets > 0 ? 0 : fillOf(fdsOf(record) ?? NOTHING) }))
      .filter(({ fill }) => fill >= CROWDED)
      .sort((a, b) => b.fill - a.fill)
      .slice(0, MOST_REMEMBERED)
      .map(({ record }) => record);
  }
}

/** Forgets a process that ended. */
const NOTHING: OpenFds = { open: 0, limit: undefined };
