import type { KnownOwners } from './known-owners.ts';
import type { ReadIdentity } from './process-identity.ts';
import { isRing, type ProcessRecord } from './process-table.ts';

/** Other processes per call. */
const RECHECKED_PROCESSES = 50;
/** Socket owners per scrape whose identity is read again: the kernel reuses pids, and exec() changes the name. */
const CHECKED_PROCESSES = 500;

/**
 * Finds ended processes before a scrape attributes sockets to them: those whose pid is gone and, among those that own
 * sockets, the next 500 whose pid may now be another process's. 13 µs each.
 */
export function createProcessCheck(known: KnownOwners, readIdentity: ReadIdentity) {
  const checkNext = createTurns(known, readIdentity, ownsSockets);

  /** `pids`: all processes. */
  return function checkProcesses(pids: readonly number[]): void {
    known.processes.keepOnly(new Set(pids));
    checkNext(CHECKED_PROCESSES);
  };
}

/** Looks again at the next 50 processes that own no socket: nobody else does, and exec() may have changed their name. */
export function createProcessRecheck(known: KnownOwners, readIdentity: ReadIdentity): () => void {
  const checkNext = createTurns(known, readIdentity, (record) => !ownsSockets(record));
  return () => checkNext(RECHECKED_PROCESSES);
}

/** Goes round all processes, so many in each call. */
function createTurns(
  { processes }: KnownOwners,
  readIdentity: ReadIdentity,
  isWanted: (record: ProcessRecord) => boolean,
) {
  let last = 0;

  return function checkNext(most: number): void {
    const slots = processes.records.length;
    let checked = 0;
    for (let step = 0; step < slots && checked < most; step++) {
      last = (last + 1) % slots;
      const record = processes.at(last);
      if (!record?.isAlive || isRing(record) || !isWanted(record)) continue;
      processes.update(last, readIdentity(record.pid, record.tid));
      checked++;
    }
  };
}

/** A process may own sockets only in its rings. */
function ownsSockets({ held }: ProcessRecord): boolean {
  return held.sockets > 0 || held.rings !== undefined;
}
