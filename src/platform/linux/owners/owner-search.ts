import type { FdSearch } from './fd-search.ts';
import type { KnownOwners } from './known-owners.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { ProcessRecord } from './process-table.ts';

/** Processes with no more descriptors than this are verified as soon as something about them is unclear. */
const FEW_FDS = 1000;
/** Links read per scrape in such processes for sockets that were not found where they were likely to be. */
const MOST_LINKS_AT_ONCE = 5000;
/** Links read per scrape to see whether they still say what they said: no fewer than these, and one for so many sockets. */
const LEAST_CHECKS = 100;
const SOCKETS_PER_CHECK = 500;
/** Effort per scrape, in links, for processes that have lost descriptors: to list one of 4,000 takes as much. */
const MOST_FOR_SHRUNK = 500;
/** A search of all processes may take one part in this of the time. */
const PAUSE_AFTER_ROUND = 10;

/** How far a walk over all processes, possibly over several scrapes, has come. */
interface Walk {
  slot: number;
  fd: number;
}

/** A search of all processes: first only descriptors that are not known sockets, then all of them. */
interface Round {
  readonly walk: Walk;
  readonly generation: number;
  verify: boolean;
  spentMs: number;
}

/** What a search is made of; `countFds` answers −1 where the kernel does not tell. */
export interface SearchTools {
  readonly fds: FdSearch;
  readonly readIdentity: (pid: number) => ProcessIdentity | undefined;
  readonly countFds: (folder: string) => number;
}

/**
 * Looks for the processes that hold the pending sockets, cheapest first: in new processes; at the free descriptors of
 * those that have more open ones than are known; in all small processes; and, for what one scrape of that did not find,
 * in all processes. Part of what is known is verified in each scrape, first of all in processes that have fewer
 * descriptors open than are known.
 */
export function createOwnerSearch(known: KnownOwners, { fds, readIdentity, countFds }: SearchTools) {
  const { processes } = known;
  const checks: Walk = { slot: 0, fd: 0 };
  let fresh: number[] = [];
  let round: Round | undefined;
  let nextRoundMs = Number.NEGATIVE_INFINITY;

  /** `pids`: all processes there are. Ends, with what it has, at `lateAtMs`. */
  return function search(pids: readonly number[], now: () => number, lateAtMs: number): void {
    const isLate = () => now() > lateAtMs;
    for (const record of processes.records) if (record !== undefined) record.fdCount = -1;
    if (enterNew(pids, isLate)) smallestFirst(fresh);
    searchNew(isLate);
    verifyShrunk(within(MOST_FOR_SHRUNK, isLate));
    const isWanting = () => known.pending > 0 && !isLate();
    probeGrown(true, isWanting);
    probeGrown(false, isWanting);
    searchSmall(within(MOST_LINKS_AT_ONCE, () => !isWanting()));
    searchAll(now, isWanting);
    walk(checks, true, within(checksPerScrape(), isLate));
  };

  /** Returns whether there are any. */
  function enterNew(pids: readonly number[], isLate: () => boolean): boolean {
    const before = fresh.length;
    for (const pid of pids) {
      if (processes.slotOf(pid) !== undefined) continue;
      if (isLate()) break;
      const identity = readIdentity(pid);
      if (identity !== undefined) fresh.push(processes.enter(pid, identity));
    }
    return fresh.length > before;
  }

  /** Few with very many descriptors must not keep all the others waiting. */
  function smallestFirst(slots: number[]): void {
    const counts = new Map(slots.map((slot) => [slot, countAt(slot)]));
    slots.sort((a, b) => counts.get(a)! - counts.get(b)!);
  }

  function countAt(slot: number): number {
    const record = processes.at(slot);
    return record?.isAlive ? countOf(record) : 0;
  }

  function searchNew(isLate: () => boolean): void {
    let done = 0;
    for (; done < fresh.length; done++) {
      const record = processes.at(fresh[done]!);
      if (!record?.isAlive || record.isSearched) continue;
      if (isLate()) break;
      const stop = fds.search(fresh[done]!, record.searchFrom, false, () => !isLate());
      record.isSearched = stop < 0;
      record.searchFrom = Math.max(0, stop);
      if (!record.isSearched) break;
    }
    fresh = fresh.slice(done);
  }

  /** A known socket was closed, or handed on, where fewer descriptors are open than are known. */
  function verifyShrunk(mayGoOn: () => boolean): void {
    eachOpen(mayGoOn, (record, slot) => {
      if (record.held.sockets === 0 || countOf(record) < 0 || record.fdCount >= record.held.seen) return;
      record.searchFrom = Math.max(0, fds.search(slot, record.searchFrom, isSmall(record), mayGoOn));
    });
  }

  function probeGrown(isOwner: boolean, mayGoOn: () => boolean): void {
    eachOpen(mayGoOn, (record, slot) => {
      const { held } = record;
      if (isOwner !== held.sockets > 0) return;
      const count = countOf(record);
      if (count < 0 || count > held.settled) fds.probe(slot, mayGoOn);
    });
  }

  function searchSmall(mayGoOn: () => boolean): void {
    let isWhole = true;
    eachOpen(mayGoOn, (record, slot) => {
      if (isSmall(record)) fds.search(slot, 0, true, mayGoOn);
      else isWhole = false;
    });
    if (isWhole && mayGoOn()) known.giveUp(known.generation);
  }

  function searchAll(now: () => number, mayGoOn: () => boolean): void {
    if (round === undefined && isRoundDue(now())) {
      round = { walk: { slot: 0, fd: 0 }, generation: known.generation, verify: false, spentMs: 0 };
    }
    if (round === undefined) return;
    const startMs = now();
    const isComplete = continueRound(round, mayGoOn);
    round.spentMs += now() - startMs;
    if (!isComplete && known.pending > 0) return;
    if (isComplete) known.giveUp(round.generation);
    nextRoundMs = now() + PAUSE_AFTER_ROUND * round.spentMs;
    round = undefined;
  }

  function isRoundDue(nowMs: number): boolean {
    return known.overdue > 0 && nowMs >= nextRoundMs;
  }

  /** Returns whether both walks came to their end. */
  function continueRound(current: Round, mayGoOn: () => boolean): boolean {
    while (walk(current.walk, current.verify, mayGoOn)) {
      if (current.verify) return true;
      current.verify = true;
    }
    return false;
  }

  /** Returns whether it came to the end of all processes; the next walk begins anew then. */
  function walk(at: Walk, verify: boolean, mayGoOn: () => boolean): boolean {
    for (; at.slot < processes.records.length; at.slot++, at.fd = 0) {
      if (!mayGoOn()) return false;
      const record = processes.at(at.slot);
      if (!record?.isAlive) continue;
      const stop = fds.search(at.slot, at.fd, verify, mayGoOn);
      if (stop < 0) continue;
      at.fd = stop;
      return false;
    }
    at.slot = 0;
    at.fd = 0;
    return true;
  }

  /** Visits processes that can be looked into, as long as it may, and each scrape from another one on. */
  function eachOpen(mayGoOn: () => boolean, visit: (record: ProcessRecord, slot: number) => void): void {
    const slots = processes.records.length;
    for (let step = 0; step < slots && mayGoOn(); step++) {
      const slot = (known.generation + step) % slots;
      const record = processes.at(slot);
      if (record?.isAlive && !record.isDenied) visit(record, slot);
    }
  }

  function countOf(record: ProcessRecord): number {
    if (record.fdCount < 0) record.fdCount = countFds(record.folder);
    return record.fdCount;
  }

  function checksPerScrape(): number {
    return Math.max(LEAST_CHECKS, known.sockets.length / SOCKETS_PER_CHECK);
  }

  /** Yes to so many links' worth of effort from now on. */
  function within(links: number, isLate: () => boolean): () => boolean {
    const end = fds.effort + links;
    return () => fds.effort < end && !isLate();
  }
}

function isSmall({ held }: ProcessRecord): boolean {
  return held.seen <= FEW_FDS;
}
