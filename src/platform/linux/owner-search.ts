import { readdirSync, statSync } from 'node:fs';
import { DENIED, DONE, type FdLinks, GONE } from './fd-links.ts';
import type { FreedFd, KnownOwners } from './known-owners.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** Free descriptors in a row above the highest known one after which a process is believed to have no newer one. */
const MISSES_ABOVE = 2;
/** With no more descriptors than this on the whole host, all are searched at once instead of at the second scrape. */
const FEW_FDS = 5000;
/** Milliseconds after which sockets that belonged to nobody are looked for once more. */
const RETRY_AFTER_MS = 30_000;

/** One walk over all processes, possibly over several scrapes. */
interface FullSearch {
  readonly pids: readonly number[];
  readonly generation: number;
  next: number;
}

/** How to look: `isLate` tells when the time of this scrape is up. */
export interface SearchLimits {
  readonly nowMs: number;
  readonly isLate: () => boolean;
}

/**
 * Looks for the processes that hold the pending sockets, in the order of likelihood: descriptors whose socket went away
 * (the lowest free one is taken first), descriptors above the highest known one, processes that are new or whose number
 * of descriptors changed, and, for what stays unknown at the second scrape, all processes.
 */
export function createOwnerSearch(
  known: KnownOwners,
  links: FdLinks,
  readIdentity: (pid: number) => ProcessIdentity | undefined,
  procfs: string,
) {
  let full: FullSearch | undefined;
  let lastFullMs = Number.NEGATIVE_INFINITY;
  let lastFullFds = 0;

  return function search(freed: readonly FreedFd[], { nowMs, isLate }: SearchLimits): void {
    const isDone = () => known.pending === 0 || isLate();
    if (known.pending > 0) {
      probeFreed(freed, isDone);
      if (!isDone()) probeAbove(isDone);
      if (!isDone()) searchChanged(isDone, isLate);
    }
    if (full === undefined && isFullDue(nowMs) && !isLate()) startFull();
    if (full !== undefined) continueFull(full, nowMs, isLate);
  };

  function isFullDue(nowMs: number): boolean {
    if (known.unfound > 0 && nowMs - lastFullMs > RETRY_AFTER_MS) return true;
    return known.pending > 0 && (known.overdue > 0 || lastFullFds <= FEW_FDS);
  }

  function probeFreed(freed: readonly FreedFd[], isDone: () => boolean): void {
    for (const { slot, fd } of freed) {
      if (isDone()) return;
      probe(slot, fd);
    }
  }

  function probeAbove(isDone: () => boolean): void {
    for (let slot = 0; slot < known.processes.slots; slot++) {
      const record = known.processes.at(slot);
      if (record === undefined || !record.isAlive || record.highestFd < 0) continue;
      for (let misses = 0, fd = record.highestFd + 1; misses < MISSES_ABOVE && record.isAlive; fd++) {
        if (isDone()) return;
        misses = probe(slot, fd) === GONE ? misses + 1 : 0;
      }
    }
  }

  /** New processes, and known ones that were searched in part or whose number of descriptors is not what it was. */
  function searchChanged(isDone: () => boolean, isLate: () => boolean): void {
    const pids = listPids(procfs);
    known.processes.keepOnly(new Set(pids));
    for (const pid of pids) {
      if (isDone()) return;
      const slot = known.processes.slotOf(pid);
      const record = slot === undefined ? undefined : known.processes.at(slot);
      const isSame = record !== undefined && record.searchFrom === 0 && countFds(procfs, pid) === record.fdCount;
      if (!isSame) searchProcess(pid, isLate);
    }
  }

  function startFull(): void {
    full = { pids: listPids(procfs), generation: known.generation, next: 0 };
    lastFullFds = 0;
  }

  function continueFull(search: FullSearch, nowMs: number, isLate: () => boolean): void {
    while (search.next < search.pids.length) {
      const pid = search.pids[search.next]!;
      if (isLate() || !searchProcess(pid, isLate)) return;
      lastFullFds += Math.max(0, countFds(procfs, pid));
      search.next++;
    }
    full = undefined;
    lastFullMs = nowMs;
    known.giveUp(search.generation);
  }

  /** Returns whether all of its descriptors were seen. */
  function searchProcess(pid: number, isLate: () => boolean): boolean {
    const identity = readIdentity(pid);
    if (identity === undefined) {
      const slot = known.processes.slotOf(pid);
      if (slot !== undefined) known.processes.update(slot, undefined);
      return true;
    }
    const slot = known.processes.enter(pid, identity);
    const record = known.processes.at(slot)!;
    record.fdCount = countFds(procfs, pid);
    const result = links.eachSocket(pid, record.searchFrom, (fd, inode) => known.claim(slot, fd, inode), isLate);
    record.isDenied = result === DENIED;
    record.searchFrom = result >= 0 ? result : 0;
    return result < 0 || result === DONE;
  }

  function probe(slot: number, fd: number): number {
    const record = known.processes.at(slot);
    if (record === undefined || !record.isAlive) return GONE;
    const inode = links.inodeOf(record.pid, fd);
    if (inode === DENIED) record.isDenied = true;
    else if (inode !== GONE && inode !== 0) known.claim(slot, fd, inode);
    return inode;
  }
}

function listPids(procfs: string): number[] {
  return readdirSync(procfs).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Linux 6.2 and newer: the size of /proc/PID/fd is the number of descriptors. −1 where it is not known. */
export function countFds(procfs: string, pid: number): number {
  try {
    return statSync(`${procfs}/${pid}/fd`).size || -1;
  } catch {
    return -1; // the process ended
  }
}
