import type { FdSearch } from './fd-search.ts';
import type { KnownOwners } from './known-owners.ts';
import { isProcess, isRing, type ProcessRecord } from './process-table.ts';
import type { ThreadSearch } from './thread-search.ts';

/** A search of all processes may take one part in this many of the time. */
const PAUSE_AFTER_ROUND = 10;

/** Progress of a walk over all processes, which may take several scrapes. */
export interface Walk {
  slot: number;
  /** Where to go on: a descriptor, or the number of a thread. */
  fd: number;
  /** What comes next in the process. */
  part: 'descriptors' | 'rings' | 'threads';
}

export function startWalk(): Walk {
  return { slot: 0, fd: 0, part: 'descriptors' };
}

/** A search of all processes: first only descriptors that are not known sockets, then all of them, also those of threads. */
interface Round {
  readonly walk: Walk;
  readonly generation: number;
  verify: boolean;
  spentMs: number;
}

/**
 * Searches the descriptors of all processes for sockets that one scrape of cheaper search did not find, as long as
 * `mayGoOn`. The next scrapes continue it; then it pauses.
 */
export function createFullSearch(known: KnownOwners, fds: FdSearch, threads: ThreadSearch) {
  const { processes } = known;
  let round: Round | undefined;
  let nextRoundMs = Number.NEGATIVE_INFINITY;

  return { searchAll, walk, walkThreads };

  function searchAll(now: () => number, mayGoOn: () => boolean): void {
    if (round === undefined && isRoundDue(now())) {
      round = { walk: startWalk(), generation: known.generation, verify: false, spentMs: 0 };
    }
    if (round === undefined) return;
    const startMs = now();
    const isComplete = continueRound(round, mayGoOn);
    round.spentMs += now() - startMs;
    if (!isComplete && known.sought > 0) return;
    if (isComplete) known.giveUp(round.generation);
    nextRoundMs = now() + PAUSE_AFTER_ROUND * round.spentMs;
    round = undefined;
  }

  function isRoundDue(nowMs: number): boolean {
    return known.overdue > 0 && nowMs >= nextRoundMs;
  }

  /** Returns whether both walks reached their end. */
  function continueRound(current: Round, mayGoOn: () => boolean): boolean {
    while (walk(current.walk, current.verify, mayGoOn)) {
      if (current.verify) return true;
      current.verify = true;
    }
    return false;
  }

  /** Returns whether it reached the end of all processes; then the next walk starts over. */
  function walk(at: Walk, verify: boolean, mayGoOn: () => boolean): boolean {
    for (; at.slot < processes.records.length; next(at)) {
      if (!mayGoOn()) return false;
      const record = processes.at(at.slot);
      if (!record?.isAlive || isRing(record)) continue;
      if (!searchDescriptors(at, verify, mayGoOn)) return false;
      if (verify && !searchParts(at, record, mayGoOn)) return false;
    }
    Object.assign(at, startWalk());
    return true;
  }

  /** The same over nothing but threads, of the processes that are wanted. */
  function walkThreads(at: Walk, isWanted: (record: ProcessRecord) => boolean, mayGoOn: () => boolean): boolean {
    for (; at.slot < processes.records.length; next(at)) {
      const record = processes.at(at.slot);
      if (!record?.isAlive || !hasThreads(record) || !isWanted(record)) continue;
      if (!mayGoOn() || !searchThreads(at, mayGoOn)) return false;
    }
    Object.assign(at, startWalk());
    return true;
  }

  /** Where one part has used the effort up, the next walk goes on with the following one. Returns whether all were read. */
  function searchParts(at: Walk, record: ProcessRecord, mayGoOn: () => boolean): boolean {
    if (at.part === 'rings' && record.held.rings !== undefined) {
      if (!mayGoOn()) return false;
      fds.searchRings(at.slot, mayGoOn);
    }
    at.part = 'threads';
    return !hasThreads(record) || (mayGoOn() && searchThreads(at, mayGoOn));
  }

  function searchDescriptors(at: Walk, verify: boolean, mayGoOn: () => boolean): boolean {
    if (at.part !== 'descriptors') return true;
    const stop = fds.search(at.slot, at.fd, verify, mayGoOn);
    at.fd = Math.max(0, stop);
    if (stop < 0) at.part = 'rings';
    return stop < 0;
  }

  function searchThreads(at: Walk, mayGoOn: () => boolean): boolean {
    const stop = threads.search(at.slot, at.fd, mayGoOn);
    at.fd = Math.max(0, stop);
    return stop < 0;
  }
}

function next(at: Walk): void {
  Object.assign(at, { ...startWalk(), slot: at.slot + 1 });
}

/** Whether the process had threads when it was last looked at, and may be looked into. */
function hasThreads(record: ProcessRecord): boolean {
  return isProcess(record) && !record.isDenied && record.threadCount > 1;
}
