import { DENIED, DONE, type FdLinks, GONE } from './fd-links.ts';
import { type HeldFds, YOUNG } from './held-fds.ts';
import type { KnownOwners } from './known-owners.ts';
import { canKeep } from './owner-table.ts';
import type { ReadIdentity } from './process-identity.ts';
import { parseRingFiles } from './ring-info.ts';

/**
 * Fruitless links that one probe may read, besides as many as it finds sockets: the kernel hands out the lowest free
 * descriptor first.
 */
const MOST_MISSES = 256;
/**
 * After so many consecutive free descriptors above the highest known one, the process is assumed to have no newer one.
 */
const MISSES_ABOVE = 2;
/** Candidates that are read together where that is possible: first few, for one new socket, then more. */
const FIRST_TOGETHER = 32;
const MOST_TOGETHER = 1024;
/** Descriptors between two checks of the clock. */
const CHECK_EVERY = 64;
/** Cost of opening and listing a process, and of listing one descriptor, in links read. */
const PROCESS_EFFORT = 5;
const LISTING_EFFORT = 1 / 8;
/** Attempts to read a ring that another thread is using. */
const RING_TRIES = 3;

/** Searches the descriptors of one process and reports to `known` what it saw. */
export interface FdSearch {
  /** Cost of all calls so far, in links read. */
  readonly effort: number;
  /**
   * Searches where new sockets are likely: at descriptors known to be free, lowest first, and above the highest one.
   */
  probe(slot: number, mayGoOn: () => boolean): void;
  /**
   * Lists the descriptors from `from` upwards and reads the links of those that are not known sockets, or (`verify`) of
   * all. Returns the descriptor where `mayGoOn` stopped it, else DONE.
   */
  search(slot: number, from: number, verify: boolean, mayGoOn: () => boolean): number;
  /** Searches the direct descriptors in the process's known io_uring rings. */
  searchRings(slot: number, mayGoOn: () => boolean): void;
}

export function createFdSearch(known: KnownOwners, links: FdLinks, readIdentity: ReadIdentity): FdSearch {
  let effort = 0;
  const candidates = new Int32Array(MOST_TOGETHER);

  return {
    get effort() {
      return effort;
    },
    probe: (slot, mayGoOn) => void inFolder(slot, (directory) => probeFolder(directory, slot, mayGoOn)),
    search: (slot, from, verify, mayGoOn) =>
      inFolder(slot, (directory) => searchFolder(directory, slot, from, verify, mayGoOn)),
    searchRings,
  };

  function probeFolder(directory: number, slot: number, mayGoOn: () => boolean): number {
    const { held, fdCount } = known.processes.records[slot]!;
    let hits = 0;
    let misses = 0;
    let missesAbove = 0;
    const linkOf = candidatesIn(directory, held);
    for (let fd = held.nextCandidate(0); ; fd = held.nextCandidate(fd + 1)) {
      const isAbove = fd >= held.top;
      const { pending } = known;
      const link = linkOf(fd);
      effort++;
      if (link === DENIED) return DENIED;
      known.observe(slot, fd, link);
      if (known.pending < pending) hits++;
      else misses++;
      if (link === GONE && fdCount >= 0 && held.seen >= fdCount) return DONE; // all open ones were seen
      missesAbove = isAbove && link === GONE ? missesAbove + 1 : 0;
      const isEnough = known.pending === 0 || missesAbove === MISSES_ABOVE || misses > MOST_MISSES + hits;
      if (isEnough || ((hits + misses) % CHECK_EVERY === 0 && !mayGoOn())) return DONE;
    }
  }

  /** Reads one candidate after the other, many of them at once where that is possible. */
  function candidatesIn(directory: number, held: HeldFds): (fd: number) => number {
    let together = FIRST_TOGETHER;
    let left = 0;
    return (fd) => {
      if (links.expect !== undefined && left-- === 0) {
        for (let each = 0, next = fd; each < together; each++, next = held.nextCandidate(next + 1))
          candidates[each] = next;
        links.expect(directory, candidates, together);
        left = together - 1;
        together = Math.min(together * 2, MOST_TOGETHER);
      }
      return links.linkOf(directory, fd);
    };
  }

  function searchFolder(
    directory: number,
    slot: number,
    from: number,
    verify: boolean,
    mayGoOn: () => boolean,
  ): number {
    const { held } = known.processes.records[slot]!;
    let next = from;
    let listed = 0;
    let isDenied = false;
    const result = links.list(directory, from, (fd) => {
      if (++listed % CHECK_EVERY === 0 && !mayGoOn()) return false;
      effort += LISTING_EFFORT;
      markClosed(slot, next, fd);
      next = fd + 1;
      if (!verify && canKeep(held.get(fd))) return true;
      const link = links.linkOf(directory, fd);
      effort++;
      isDenied = link === DENIED;
      if (!isDenied && !(verify && isStillYoung(held.get(fd), link))) known.observe(slot, fd, link);
      return !isDenied;
    });
    if (isDenied) return DENIED;
    if (result === DONE) {
      markClosed(slot, next, held.top);
      held.shrink(next);
    }
    return result;
  }

  function searchRings(slot: number, mayGoOn: () => boolean): void {
    const record = known.processes.records[slot]!;
    for (const fd of record.held.rings ?? []) {
      if (!mayGoOn()) return;
      effort += PROCESS_EFFORT;
      const { folder } = record;
      const ring = known.processes.enterRing(slot, fd);
      for (let tries = 1, isTold = false; tries <= RING_TRIES && !isTold; tries++) {
        const text = links.readInfo(folder, fd);
        // read after the text: if it is still the recorded process, the text describes that process's ring
        if (!known.processes.update(slot, readIdentity(record.pid, record.tid))) return;
        isTold = text !== undefined && observeRing(ring, text);
        known.processes.records[ring]!.hasUnlistedSockets = !isTold;
      }
    }
  }

  /** Returns whether the text lists all sockets. */
  function observeRing(slot: number, text: string): boolean {
    let next = 0;
    const isTold = parseRingFiles(text, (index, inode) => {
      effort += LISTING_EFFORT;
      markClosed(slot, next, index);
      known.observe(slot, index, inode);
      next = index + 1;
    });
    if (!isTold) return false;
    const { held } = known.processes.records[slot]!;
    markClosed(slot, next, held.top);
    held.shrink(next);
    return true;
  }

  /** The dump of this scrape may be older than the socket: a verification may follow right after a search. */
  function isStillYoung(mark: number, link: number): boolean {
    return mark === YOUNG && canKeep(link) && known.entryOf(link) < 0;
  }

  function markClosed(slot: number, from: number, end: number): void {
    const { held } = known.processes.records[slot]!;
    for (let fd = held.nextSeen(from, end); fd < end; fd = held.nextSeen(fd + 1, end)) known.observe(slot, fd, GONE);
  }

  /**
   * Runs `look` in the folder of a process. It reads the identity after it opened the folder: if it is still the
   * recorded process, the folder is that process's, and stays so.
   */
  function inFolder(slot: number, look: (directory: number) => number): number {
    const record = known.processes.records[slot]!;
    effort += PROCESS_EFFORT;
    const { folder } = record;
    let directory = links.open(folder);
    try {
      if (!known.processes.update(slot, readIdentity(record.pid, record.tid))) return DONE;
      if (record.folder !== folder) {
        if (directory >= 0) links.close(directory);
        directory = links.open(record.folder);
      }
      const result = directory >= 0 ? look(directory) : directory;
      record.isDenied = result === DENIED;
      return result >= 0 ? result : DONE;
    } finally {
      if (directory >= 0) links.close(directory);
    }
  }
}
