import { DONE } from './fd-links.ts';
import type { FdSearch } from './fd-search.ts';
import type { KnownOwners } from './known-owners.ts';
import type { ReadIdentity } from './process-identity.ts';
import type { ThreadTables } from './thread-tables.ts';

/** Cost of listing the threads of a process, of each of them, and of comparing two, in links read. */
const LISTING_EFFORT = 5;
const THREAD_EFFORT = 1 / 8;
const COMPARING_EFFORT = 1 / 4;
/** Tables that a thread is compared with; one that shares a later one is searched twice. */
const MOST_COMPARED = 64;

/** Searches the descriptors that a process's threads have of their own, which its `fd` folder does not show. */
export interface ThreadSearch {
  /** Cost of all calls so far, in links read, without that of reading descriptors. */
  readonly effort: number;
  /**
   * Enters threads from the number `from` on that have a table of their own, one for each table, and searches those
   * that it has not searched before: from then on they are searched like processes. Returns the number of the thread
   * where `mayGoOn` stopped it, else DONE.
   */
  search(slot: number, from: number, mayGoOn: () => boolean): number;
}

/** `tables`: undefined where nobody can tell; then no thread is searched. */
export function createThreadSearch(
  { processes }: KnownOwners,
  fds: FdSearch,
  readIdentity: ReadIdentity,
  tables: ThreadTables | undefined,
): ThreadSearch {
  let effort = 0;

  return {
    get effort() {
      return effort;
    },
    search: (slot, from, mayGoOn) => (tables === undefined ? DONE : searchThreads(tables, slot, from, mayGoOn)),
  };

  function searchThreads(tables: ThreadTables, slot: number, from: number, mayGoOn: () => boolean): number {
    const { pid } = processes.records[slot]!;
    effort += LISTING_EFFORT;
    const tids = tables.threadsOf(pid);
    effort += tids.length * THREAD_EFFORT;
    if (tids.length <= 1 || !processes.update(slot, readIdentity(pid))) return DONE;
    effort += LISTING_EFFORT;
    const { folder, threads } = processes.records[slot]!;
    endGone(threads, new Set(tids));
    const others = [tidOf(folder), ...(threads?.keys() ?? [])].slice(0, MOST_COMPARED);
    for (const [index, tid] of tids.filter((each) => each >= from && each !== pid).entries()) {
      if (index > 0 && !mayGoOn()) return tid; // one at least, or it would never come to an end
      if (threads?.has(tid) !== true && !isNew(tid, others, tables)) continue;
      if (!searchThread(slot, tid, mayGoOn)) return tid;
    }
    return DONE;
  }

  /** One that has ended would be taken for one that shares every table. */
  function endGone(threads: ReadonlyMap<number, number> | undefined, tids: ReadonlySet<number>): void {
    for (const [tid, slot] of threads ?? []) if (!tids.has(tid)) processes.update(slot, undefined);
  }

  /** Whether the thread has another table than these; then it is one of them. */
  function isNew(tid: number, others: number[], { isSame }: ThreadTables): boolean {
    for (const other of others) {
      effort += COMPARING_EFFORT;
      if (isSame(tid, other)) return false;
    }
    if (others.length < MOST_COMPARED) others.push(tid);
    return true;
  }

  /** Returns whether nothing is left to search. */
  function searchThread(process: number, tid: number, mayGoOn: () => boolean): boolean {
    const slot = processes.records[process]!.threads?.get(tid) ?? enter(process, tid);
    if (slot === undefined) return true;
    const record = processes.records[slot]!;
    if (record.isSearched) return true;
    const stop = fds.search(slot, record.searchFrom, false, mayGoOn);
    record.isSearched = stop < 0;
    record.searchFrom = Math.max(0, stop);
    return record.isSearched;
  }

  /** Undefined of a thread that has ended. */
  function enter(process: number, tid: number): number | undefined {
    const identity = readIdentity(processes.records[process]!.pid, tid);
    return identity && processes.enterThread(process, tid, identity);
  }
}

/** `PID` or `PID/task/TID`. */
function tidOf(folder: string): number {
  return Number(folder.slice(folder.lastIndexOf('/') + 1));
}
