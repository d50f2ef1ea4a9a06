import { statSync } from 'node:fs';
import type { ProcessFds } from '../../../model/socket-counts.ts';
import { readWhole } from '../procfs/proc-file.ts';
import type { FdLinks } from './fd-links.ts';
import type { ProcessRecord } from './process-table.ts';

/** Scrapes after which a process's limit is read again: it seldom changes (prlimit). */
const LIMIT_VALID_SCRAPES = 20;
/** Where the kernel does not count descriptors: up to this many are counted anew, of more the last look tells. */
const FEW_FDS = 2000;

/** A process that owns sockets, and its name on the page. */
export interface NamedProcess {
  readonly record: ProcessRecord;
  readonly name: string;
}

/** Reads, of each name, the descriptors of the process nearest to its limit. */
export function createFdReader(procfs: string, countFds: (folder: string) => number, links: FdLinks) {
  const limits = new WeakMap<ProcessRecord, { readonly limit: number | undefined; readonly validUntil: number }>();
  let scrape = 0;

  return function readFds(owners: Iterable<NamedProcess>): readonly ProcessFds[] {
    scrape++;
    const nearest = new Map<string, ProcessFds>();
    for (const { record, name } of owners) {
      const open = record.isAlive ? openFds(record) : undefined;
      if (open === undefined) continue;
      const fds = { process: name, open, limit: limitOf(record) };
      const other = nearest.get(name);
      if (other === undefined || isNearer(fds, other)) nearest.set(name, fds);
    }
    return [...nearest.values()];
  };

  function openFds(record: ProcessRecord): number | undefined {
    const count = record.fdCount >= 0 ? record.fdCount : countFds(record.folder);
    if (count >= 0) return count;
    if (!record.isSearched) return undefined;
    return record.held.seen <= FEW_FDS ? countListed(record) : record.held.seen;
  }

  function countListed(record: ProcessRecord): number | undefined {
    const directory = links.open(record.folder);
    if (directory < 0) return undefined;
    let count = 0;
    links.list(directory, 0, () => ++count > 0);
    links.close(directory);
    return count;
  }

  function limitOf(record: ProcessRecord): number | undefined {
    const known = limits.get(record);
    if (known !== undefined && scrape < known.validUntil) return known.limit;
    const limit = readLimit(procfs, record.pid);
    // not all in the same scrape
    limits.set(record, { limit, validUntil: scrape + LIMIT_VALID_SCRAPES - (record.pid % (LIMIT_VALID_SCRAPES >> 1)) });
    return limit;
  }
}

/**
 * Counts the open descriptors in the folder of a process: since Linux 6.2 the size of /proc/PID/fd is their number; before, it is 0. Answers −1 as long as
 * no process has shown that this kernel counts, and for a process that ended.
 */
export function createFdCounter(procfs: string): (folder: string) => number {
  let isCounting = false;
  return function countFds(folder) {
    const size = sizeOf(`${procfs}/${folder}/fd`);
    if (size > 0) isCounting = true;
    return isCounting ? size : -1;
  };
}

function sizeOf(folder: string): number {
  try {
    return statSync(folder, { throwIfNoEntry: false })?.size ?? -1;
  } catch {
    return -1; // a procfs that hides other users' processes (hidepid=1)
  }
}

function isNearer(left: ProcessFds, right: ProcessFds): boolean {
  const fill = ({ open, limit }: ProcessFds) => open / (limit ?? Number.POSITIVE_INFINITY);
  return fill(left) === fill(right) ? left.open > right.open : fill(left) > fill(right);
}

function readLimit(procfs: string, pid: number): number | undefined {
  try {
    return parseOpenFilesLimit(readWhole(`${procfs}/${pid}/limits`));
  } catch {
    return undefined; // gone since its descriptors were counted
  }
}

/** The soft limit in the line `Max open files  1024  524288  files`; undefined when it is unlimited or not there. */
export function parseOpenFilesLimit(text: string): number | undefined {
  const match = /^Max open files\s+(\d{1,20})\s/m.exec(text);
  return match === null ? undefined : Number(match[1]);
}
