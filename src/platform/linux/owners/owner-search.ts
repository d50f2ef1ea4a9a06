import type { LookedUp } from './ended-sockets.ts';
import type { FdSearch } from './fd-search.ts';
import { createFullSearch, startWalk } from './full-search.ts';
import type { KnownOwners } from './known-owners.ts';
import type { ReadIdentity } from './process-identity.ts';
import { isRing, type ProcessRecord } from './process-table.ts';
import { createThreadSearch } from './thread-search.ts';
import type { ThreadTables } from './thread-tables.ts';

/** Processes with at most this many descriptors are verified as soon as something about them is unclear. */
const FEW_FDS = 1000;
const MOST_LINKS_AT_ONCE = 8000;
const LEAST_CHECKS = 100;
const SOCKETS_PER_CHECK = 500;
/**
 * Effort per scrape, in links, for processes that lost descriptors, small and large ones apart: listing one of 4,000
 * takes as much.
 */
const LINKS_FOR_SHRUNK = 500;
/**
 * Effort per scrape, in links, for each socket that was not found where it was likely to be: so many links take 80 ms.
 */
const LINKS_PER_SOCKET = 30_000;
/**
 * Sockets looked up per scrape: this many, or as many as cost what the search costs that they may save; each takes as
 * long as two links.
 */
const LEAST_LOOKUPS = 1000;
const MOST_LOOKUPS = 20_000;
const LINKS_PER_LOOKUP = 2;
const isAny = () => true;
/** Whether there were threads in the process with descriptors of their own: new ones are likely to be there. */
const hadOwnTables = ({ threads }: ProcessRecord) => threads !== undefined;

/** The parts of a search; `countFds` returns −1 if the kernel does not count. */
export interface SearchTools {
  readonly fds: FdSearch;
  readonly readIdentity: ReadIdentity;
  readonly countFds: (folder: string) => number;
  /** Absent where nobody can tell which threads have descriptors of their own. */
  readonly tables?: ThreadTables | undefined;
}

/** Looks up which of these sockets, given by inode, still exist in the kernel; as many as it can while `mayGoOn`. */
export type LookUpEnds = (inodes: ReadonlySet<number>, mayGoOn: () => boolean) => LookedUp;

export interface SearchLimits {
  /**
   * Links read per scrape in small processes for sockets that were not found where they were likely to be. If a host's
   * small processes have more descriptors, the next scrapes continue.
   */
  readonly linksAtOnce?: number;
  /** Effort per scrape, in links, for each socket that was not found where it was likely to be. */
  readonly linksPerSocket?: number;
  /**
   * Effort per scrape, in links, for processes with fewer open descriptors than known: as much for small ones as for
   * large ones.
   */
  readonly linksForShrunk?: number;
  /** Links read per scrape to verify known owners: at least this many, and one per so many sockets. */
  readonly leastChecks?: number;
}

/**
 * Searches for the processes that hold the pending sockets, cheapest first:
 * - in new processes;
 * - at the free descriptors of processes that have more open ones than known.
 *
 * Then it looks up which of the remaining sockets have ended since the dump, also of those whose owner no longer has
 * them: a socket that is still there was passed on. For what has not ended it searches io_uring rings, processes whose
 * threads had descriptors of their own before, all small processes, the threads of all others and, for what one scrape
 * of that did not find, everything. Each scrape also verifies part of what is known, first in processes with fewer open
 * descriptors than known.
 */
export function createOwnerSearch(
  known: KnownOwners,
  { fds, readIdentity, countFds, tables }: SearchTools,
  {
    linksAtOnce = MOST_LINKS_AT_ONCE,
    linksPerSocket = LINKS_PER_SOCKET,
    linksForShrunk = LINKS_FOR_SHRUNK,
    leastChecks = LEAST_CHECKS,
  }: SearchLimits = {},
) {
  const { processes } = known;
  const checks = startWalk();
  const small = { slot: 0, fd: 0 };
  const divided = startWalk();
  /** Where the next scrape continues. */
  const shrunk = { small: 0, large: 0 };
  let fresh: number[] = [];
  const threads = createThreadSearch(known, fds, readIdentity, tables);
  const { searchAll, walk, walkThreads } = createFullSearch(known, fds, threads);

  /**
   * `pids`: all processes. Ends at `lateAtMs` with what it has found. Without `lookUpEnds` it cannot tell which sockets
   * have ended.
   */
  return function search(pids: readonly number[], now: () => number, lateAtMs: number, lookUpEnds?: LookUpEnds): void {
    const isLate = () => now() > lateAtMs;
    for (const record of processes.records) if (record !== undefined) record.fdCount = -1;
    if (enterNew(pids, isLate)) smallestFirst(fresh);
    searchNew(isLate);
    // separate budgets: a large process that keeps losing descriptors must not delay the small ones
    shrunk.small = verifyShrunk(shrunk.small, true, within(linksForShrunk, isLate));
    shrunk.large = verifyShrunk(shrunk.large, false, within(linksForShrunk, isLate));
    const isPending = () => known.pending > 0 && !isLate();
    probeGrown(true, isPending);
    if (lookUpEnds !== undefined) endGone(lookUpEnds, isLate);
    probeGrown(false, isPending);
    searchRings(() => known.sought > 0 && !isLate());
    const isDone = () => known.sought === 0 || isLate();
    walkThreads(divided, hadOwnTables, within(linksAtOnce, isDone));
    const mayGoOn = within(linksPerSocket * known.sought, isDone);
    searchSmall(within(linksAtOnce, isDone), isDone);
    searchAll(now, mayGoOn);
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

  /** A few processes with very many descriptors must not delay all the others. */
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

  /**
   * If fewer descriptors are open than known, a known socket was closed or passed on. Returns where it stopped, or
   * `from`.
   */
  function verifyShrunk(from: number, ofSmall: boolean, mayGoOn: () => boolean): number {
    return eachOpen(from, mayGoOn, (record, slot) => {
      if (record.held.sockets === 0 || isSmall(record) !== ofSmall) return;
      if (countOf(record) < 0 || record.fdCount >= record.held.seen) return;
      record.searchFrom = Math.max(0, fds.search(slot, record.searchFrom, ofSmall, mayGoOn));
    });
  }

  function probeGrown(isOwner: boolean, mayGoOn: () => boolean): void {
    eachOpen(known.generation, mayGoOn, (record, slot) => {
      const { held } = record;
      if (isOwner !== held.sockets > 0) return;
      const count = countOf(record);
      if (count < 0 || count > held.settled) fds.probe(slot, mayGoOn);
    });
  }

  /** A socket that ended after the dump has no holder to find; on a busy host there always is one. */
  function endGone(lookUpEnds: LookUpEnds, isLate: () => boolean): void {
    if (known.pending === 0 || isLate()) return;
    const most = Math.min(MOST_LOOKUPS, Math.max(LEAST_LOOKUPS, effortOfAll() / LINKS_PER_LOOKUP));
    const { ended, remaining } = lookUpEnds(known.inodesToLookUp(most), () => !isLate());
    for (const inode of ended) known.end(inode);
    for (const inode of remaining) known.seek(inode);
  }

  /** A socket that only an io_uring ring holds has no descriptor. */
  function searchRings(mayGoOn: () => boolean): void {
    eachOpen(known.generation, mayGoOn, (record, slot) => {
      if (record.held.rings?.size) fds.searchRings(slot, mayGoOn);
    });
  }

  /** The approximate cost of searching everything. */
  function effortOfAll(): number {
    let effort = 0;
    for (const record of processes.records) if (record !== undefined && isOpen(record)) effort += record.held.seen;
    return effort;
  }

  function searchSmall(mayGoOn: () => boolean, isDone: () => boolean): void {
    let isWhole = small.fd === 0;
    small.slot = eachOpen(small.slot, mayGoOn, (record, slot) => {
      if (isSmall(record)) small.fd = Math.max(0, fds.search(slot, slot === small.slot ? small.fd : 0, true, mayGoOn));
      else isWhole = false;
    });
    if (!isWhole || !mayGoOn()) return;
    if (walkThreads(startWalk(), isAny, within(linksAtOnce, isDone)) && !isDone()) known.giveUp(known.generation);
  }

  /** Visits readable processes while it may go on. Returns where it stopped, or `from`. */
  function eachOpen(
    from: number,
    mayGoOn: () => boolean,
    visit: (record: ProcessRecord, slot: number) => void,
  ): number {
    const slots = mayGoOn() ? processes.records.length : 0;
    for (let step = 0; step < slots; step++) {
      const slot = (from + step) % slots;
      const record = processes.at(slot);
      if (record !== undefined && isOpen(record)) visit(record, slot);
      if (!mayGoOn()) return slot;
    }
    return from;
  }

  function countOf(record: ProcessRecord): number {
    if (record.fdCount < 0) record.fdCount = countFds(record.folder);
    return record.fdCount;
  }

  function checksPerScrape(): number {
    return Math.max(leastChecks, known.sockets.length / SOCKETS_PER_CHECK);
  }

  /** True for this much effort, in links, from now on. */
  function within(links: number, isLate: () => boolean): () => boolean {
    const end = fds.effort + threads.effort + links;
    return () => fds.effort + threads.effort < end && !isLate();
  }
}

/** Whether it has descriptors, and they can be read. */
function isOpen(record: ProcessRecord): boolean {
  return record.isAlive && !record.isDenied && !isRing(record);
}

function isSmall({ held }: ProcessRecord): boolean {
  return held.seen <= FEW_FDS;
}
