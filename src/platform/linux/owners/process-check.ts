import type { KnownOwners } from './known-owners.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { ProcessRecord } from './process-table.ts';

/** Socket owners per scrape whose identity is read again: the kernel reuses pids, and exec() changes the name. */
const CHECKED_PROCESSES = 500;

/**
 * Finds ended processes before a scrape attributes sockets to them: those whose pid is gone and, among those that own
 * sockets, the next 500 whose pid may now be another process's. 13 µs each.
 */
export function createProcessCheck(
  { processes }: KnownOwners,
  readIdentity: (pid: number) => ProcessIdentity | undefined,
) {
  let last = 0;

  /** `pids`: all processes. */
  return function checkProcesses(pids: readonly number[]): void {
    processes.keepOnly(new Set(pids));
    const slots = processes.records.length;
    let checked = 0;
    for (let step = 0; step < slots && checked < CHECKED_PROCESSES; step++) {
      last = (last + 1) % slots;
      const record = processes.at(last);
      if (!record?.isAlive || record.ringOf !== undefined || !ownsSockets(record)) continue;
      processes.update(last, readIdentity(record.pid));
      checked++;
    }
  };
}

/** A process may own sockets only in its rings. */
function ownsSockets({ held }: ProcessRecord): boolean {
  return held.sockets > 0 || held.rings !== undefined;
}
