import { readdirSync, statSync } from 'node:fs';

/** What identifies a network namespace, whoever we are: each has its own entry for this file, with an inode of its own. */
const TELLING_FILE = 'net/sockstat';
/** Time per scrape for looking at known processes again, which keep their answer meanwhile. */
const KNOWN_BUDGET_MS = 2;
/**
 * Scrapes until a process is looked at again. It can change its namespace, but most do so right after their start; and its pid can belong
 * to a different process.
 */
const FIRST_VALID_SCRAPES = 1;
const VALID_SCRAPES = 8;
/** Threads of a process that are asked where its first one has no answer: one that runs has, unless it ends just then. */
const MOST_THREADS = 8;

/** A process as it was when it was last looked at. */
export interface NamespaceProcess {
  readonly pid: number;
  /** Below procfs: of the process, or of a thread that runs where the first one has ended. */
  readonly folder: string;
  /** 0 = it has none: it ended and waits for its parent, or we may not look. */
  key: number;
  dueScrape: number;
  /** Its /proc/PID/cgroup; undefined = not read yet. */
  cgroup: string | undefined;
}

/** The inode of a process's TELLING_FILE, undefined if the process is gone or hidden. `folder`: of the process below procfs. */
export function namespaceKeyOf(folder: string): number | undefined {
  try {
    return statSync(`${folder}/${TELLING_FILE}`, { throwIfNoEntry: false })?.ino;
  } catch {
    return undefined; // it ended during the call (ESRCH, EINVAL), or it is not ours to see
  }
}

/** Processes by the key of their network namespace. Remembers them from scrape to scrape. `pids`: all processes. */
export function createNamespaceProcesses(procfs: string) {
  const known = new Map<number, NamespaceProcess>();
  let scrape = 0;

  /** `isComplete`: there was time to look at every new process. */
  return function list(
    pids: readonly number[],
    now: () => number,
    endMs: number,
  ): {
    readonly byNamespace: ReadonlyMap<number, readonly NamespaceProcess[]>;
    readonly isComplete: boolean;
  } {
    scrape++;
    forgetEnded(pids);
    const added = pids.filter((pid) => !known.has(pid));
    const due = [...known.values()].filter(({ dueScrape }) => dueScrape <= scrape);
    const isComplete = lookAtAll(added, endMs);
    const longestFirst = due.sort((a, b) => a.dueScrape - b.dueScrape).map(({ pid }) => pid);
    lookAtAll(longestFirst, Math.min(now() + KNOWN_BUDGET_MS, endMs));
    return { byNamespace: groupByKey(pids), isComplete };

    function lookAtAll(some: readonly number[], untilMs: number): boolean {
      return some.every((pid) => {
        if (now() > untilMs) return false;
        look(pid);
        return true;
      });
    }
  };

  function look(pid: number): void {
    const before = known.get(pid);
    const valid = before === undefined ? FIRST_VALID_SCRAPES : VALID_SCRAPES - (pid % (VALID_SCRAPES >> 1)); // not all at once
    const folder = String(pid);
    const key = namespaceKeyOf(`${procfs}/${folder}`);
    const found = key === undefined ? findThread(folder) : { folder, key };
    known.set(pid, { pid, ...found, dueScrape: scrape + valid, cgroup: undefined });
  }

  /** Of a process whose first thread has ended (pthread_exit() in main) while others run, these have the namespace. */
  function findThread(process: string): { readonly folder: string; readonly key: number } {
    for (const tid of threadsOf(process)) {
      const folder = `${process}/task/${tid}`;
      const key = namespaceKeyOf(`${procfs}/${folder}`);
      if (key !== undefined) return { folder, key };
    }
    return { folder: process, key: 0 };
  }

  function threadsOf(process: string): readonly string[] {
    try {
      return readdirSync(`${procfs}/${process}/task`)
        .filter((tid) => tid !== process)
        .slice(0, MOST_THREADS);
    } catch {
      return []; // it has ended, or procfs hides it
    }
  }

  function forgetEnded(pids: readonly number[]): void {
    const alive = new Set(pids);
    for (const pid of known.keys()) if (!alive.has(pid)) known.delete(pid);
  }

  function groupByKey(pids: readonly number[]): Map<number, NamespaceProcess[]> {
    const groups = new Map<number, NamespaceProcess[]>();
    for (const pid of pids) {
      const process = known.get(pid);
      if (process === undefined || process.key === 0) continue;
      const group = groups.get(process.key);
      if (group === undefined) groups.set(process.key, [process]);
      else group.push(process);
    }
    return groups;
  }
}
