import { DENIED, DONE, type FdLinks, GONE } from './fd-links.ts';
import type { KnownOwners } from './known-owners.ts';
import { canKeep } from './owner-table.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** Links that one probe may read in vain, besides as many as it finds sockets by: the lowest free descriptor is taken first. */
const MOST_MISSES = 256;
/** Free descriptors in a row above the highest known one after which a process is believed to have no newer one. */
const MISSES_ABOVE = 2;
/** Descriptors between two looks at the clock. */
const CHECK_EVERY = 64;
/** What opening and listing a process costs, and listing one descriptor, in links read. */
const PROCESS_EFFORT = 5;
const LISTING_EFFORT = 1 / 8;

/** Looks through the descriptors of one process and tells `known` what it saw. */
export interface FdSearch {
  /** Cost of all calls so far, in links read. */
  readonly effort: number;
  /** Looks where new sockets are likely to be: at descriptors known to be free, lowest first, and above the highest one. */
  probe(slot: number, mayGoOn: () => boolean): void;
  /**
   * Lists the descriptors from `from` upwards and reads the links of those that are not known sockets, or (`verify`) of
   * all. Returns the descriptor it stopped at because `mayGoOn` said no, else DONE.
   */
  search(slot: number, from: number, verify: boolean, mayGoOn: () => boolean): number;
}

export function createFdSearch(
  known: KnownOwners,
  links: FdLinks,
  readIdentity: (pid: number) => ProcessIdentity | undefined,
): FdSearch {
  let effort = 0;

  return {
    get effort() {
      return effort;
    },
    probe: (slot, mayGoOn) => void inFolder(slot, (directory) => probeFolder(directory, slot, mayGoOn)),
    search: (slot, from, verify, mayGoOn) =>
      inFolder(slot, (directory) => searchFolder(directory, slot, from, verify, mayGoOn)),
  };

  function probeFolder(directory: number, slot: number, mayGoOn: () => boolean): number {
    const { held, fdCount } = known.processes.records[slot]!;
    let hits = 0;
    let misses = 0;
    let missesAbove = 0;
    for (let fd = held.nextCandidate(0); ; fd = held.nextCandidate(fd + 1)) {
      const isAbove = fd >= held.top;
      const { pending } = known;
      const link = links.linkOf(directory, fd);
      effort++;
      if (link === DENIED) return DENIED;
      known.observe(slot, fd, link);
      if (known.pending < pending) hits++;
      else misses++;
      if (link === GONE && fdCount >= 0 && held.seen >= fdCount) return DONE; // as many as are open have been seen
      missesAbove = isAbove && link === GONE ? missesAbove + 1 : 0;
      if (known.pending === 0 || missesAbove === MISSES_ABOVE || misses > MOST_MISSES + hits) return DONE;
      if ((hits + misses) % CHECK_EVERY === 0 && !mayGoOn()) return DONE;
    }
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
      if (!isDenied) known.observe(slot, fd, link);
      return !isDenied;
    });
    if (isDenied) return DENIED;
    if (result === DONE) {
      markClosed(slot, next, held.top);
      held.shrink(next);
    }
    return result;
  }

  function markClosed(slot: number, from: number, end: number): void {
    const { held } = known.processes.records[slot]!;
    for (let fd = held.nextSeen(from, end); fd < end; fd = held.nextSeen(fd + 1, end)) known.observe(slot, fd, GONE);
  }

  /**
   * Runs `look` in the folder of a process. Its identity is read after the folder was opened: if it is still the process
   * on record, the folder is that process's, and stays so.
   */
  function inFolder(slot: number, look: (directory: number) => number): number {
    const record = known.processes.records[slot]!;
    effort += PROCESS_EFFORT;
    const { folder } = record;
    let directory = links.open(folder);
    try {
      if (!known.processes.update(slot, readIdentity(record.pid))) return DONE;
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
