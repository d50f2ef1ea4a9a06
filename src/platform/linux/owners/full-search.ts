import type { FdSearch } from './fd-search.ts';
import type { KnownOwners } from './known-owners.ts';
import { isRing } from './process-table.ts';

/** A search of all processes may take one part in this many of the time. */
const PAUSE_AFTER_ROUND = 10;

/** Progress of a walk over all processes, which may take several scrapes. */
export interface Walk {
  slot: number;
  fd: number;
  /** Its descriptors were read, and its rings are to be. */
  isAtRings?: boolean;
}

/** A search of all processes: first only descriptors that are not known sockets, then all of them. */
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
export function createFullSearch(known: KnownOwners, fds: FdSearch) {
  const { processes } = known;
  let round: Round | undefined;
  let nextRoundMs = Number.NEGATIVE_INFINITY;

  return { searchAll, walk };

  function searchAll(now: () => number, mayGoOn: () => boolean): void {
    if (round === undefined && isRoundDue(now())) {
      round = { walk: { slot: 0, fd: 0 }, generation: known.generation, verify: false, spentMs: 0 };
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
    for (; at.slot < processes.records.length; at.slot++, at.fd = 0, at.isAtRings = false) {
      if (!mayGoOn()) return false;
      const record = processes.at(at.slot);
      if (!record?.isAlive || isRing(record)) continue;
      if (!at.isAtRings && !searchOne(at, verify, mayGoOn)) return false;
      if (!verify || record.held.rings === undefined) continue;
      at.isAtRings = true; // where reading the descriptors has used the effort up, the next walk goes on here
      if (!mayGoOn()) return false;
      fds.searchRings(at.slot, mayGoOn);
    }
    at.slot = 0;
    at.fd = 0;
    return true;
  }

  /** Returns whether it reached the end of the process. */
  function searchOne(at: Walk, verify: boolean, mayGoOn: () => boolean): boolean {
    const stop = fds.search(at.slot, at.fd, verify, mayGoOn);
    if (stop >= 0) at.fd = stop;
    return stop < 0;
  }
}
