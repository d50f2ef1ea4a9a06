import { statSync } from 'node:fs';
import { readWhole } from '../procfs/proc-file.ts';
import type { FdLinks } from './fd-links.ts';
import type { ProcessRecord } from './process-table.ts';

/** After so many checks a process's limit is read again, and each time where the process is near it, since somebody may raise it (prlimit). */
const LIMIT_VALID_LOOKS = 20;
const NEAR = 0.5;
/** If the kernel does not count descriptors: up to this many are counted again, above it the last count stays. */
const FEW_FDS = 2000;

/** Open descriptors of a process, and its limit: undefined = no limit. */
export interface OpenFds {
  readonly open: number;
  readonly limit: number | undefined;
}

/** Share of its limit that a process has open; 0 without a limit. */
export function fillOf({ open, limit }: OpenFds): number {
  return open / (limit ?? Number.POSITIVE_INFINITY);
}

/** Counts the open descriptors of a process; undefined if unknown, or the process ended. */
export function createFdReader(procfs: string, countFds: (folder: string) => number, links: FdLinks) {
  const limits = new WeakMap<ProcessRecord, { readonly limit: number | undefined; looks: number }>();

  return function fdsOf(record: ProcessRecord): OpenFds | undefined {
    const open = record.isAlive ? openFds(record) : undefined;
    return open === undefined ? undefined : { open, limit: limitOf(record, open) };
  };

  function openFds(record: ProcessRecord): number | undefined {
    if (record.fdCount < 0) record.fdCount = countFds(record.folder);
    if (record.fdCount >= 0) return record.fdCount;
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

  function limitOf(record: ProcessRecord, open: number): number | undefined {
    const known = limits.get(record);
    if (known !== undefined && --known.looks > 0 && fillOf({ open, limit: known.limit }) < NEAR) return known.limit;
    const limit = readLimit(procfs, record.pid);
    // not all in the same scrape
    limits.set(record, { limit, looks: LIMIT_VALID_LOOKS - (record.pid % (LIMIT_VALID_LOOKS >> 1)) });
    return limit;
  }
}

/**
 * Counts the open descriptors of a process: since Linux 6.2 the size of its /proc/PID/fd is their number; before, it is
 * 0. Returns −1 until some process has shown that this kernel counts, and for an ended process.
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
    return -1; // procfs hides other users' processes (hidepid=1)
  }
}

function readLimit(procfs: string, pid: number): number | undefined {
  try {
    return parseOpenFilesLimit(readWhole(`${procfs}/${pid}/limits`));
  } catch {
    return undefined; // ended since its descriptors were counted
  }
}

/** The soft limit in the line `Max open files 1024 524288 files`; undefined if it is unlimited or missing. */
export function parseOpenFilesLimit(text: string): number | undefined {
  const match = /^Max open files\s+(\d{1,20})\s/m.exec(text);
  return match === null ? undefined : Number(match[1]);
}
