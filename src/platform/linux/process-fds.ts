import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessFds } from '../../model/socket-counts.ts';
import { countFds } from './owner-search.ts';
import type { ProcessRecord, ProcessTable } from './process-table.ts';

/** Scrapes after which a process's limit is read again: it seldom changes (prlimit). */
const LIMIT_VALID_SCRAPES = 20;
/** Processes per scrape whose descriptors are counted. */
const MOST_PROCESSES = 2000;

interface KnownLimit {
  readonly limit: number | undefined;
  readonly validUntil: number;
}

/** Counts the descriptors of the processes that own sockets. */
export interface FdReader {
  /** Tells which process slots own a socket: those whose number is not −1. */
  noteOwners(nameIds: Int32Array): void;
  /** Of each process name, the process nearest to its limit. Names that are equal on the page are one. */
  read(processes: ProcessTable): readonly ProcessFds[];
}

export function createFdReader(procfs: string): FdReader {
  const limits = new WeakMap<ProcessRecord, KnownLimit>();
  let owners: Int32Array = new Int32Array(0);
  let scrape = 0;

  return {
    noteOwners(nameIds) {
      owners = nameIds;
    },
    read(processes) {
      scrape++;
      const fullest = new Map<string, ProcessFds>();
      let visited = 0;
      for (let slot = 0; slot < owners.length && visited < MOST_PROCESSES; slot++) {
        const record = owners[slot] === -1 ? undefined : processes.at(slot);
        if (!record?.isAlive) continue;
        visited++;
        const open = readOpenFds(procfs, record.pid);
        if (open === undefined) continue;
        const fds = { process: record.name, open, limit: limitOf(record) };
        const other = fullest.get(record.name);
        if (other === undefined || isNearer(fds, other)) fullest.set(record.name, fds);
      }
      return [...fullest.values()];
    },
  };

  function limitOf(record: ProcessRecord): number | undefined {
    const known = limits.get(record);
    if (known !== undefined && scrape < known.validUntil) return known.limit;
    const limit = readLimit(procfs, record.pid);
    limits.set(record, { limit, validUntil: scrape + LIMIT_VALID_SCRAPES });
    return limit;
  }
}

function isNearer(left: ProcessFds, right: ProcessFds): boolean {
  return left.open / (left.limit ?? Number.POSITIVE_INFINITY) > right.open / (right.limit ?? Number.POSITIVE_INFINITY);
}

/** Before Linux 6.2 the folder's size says nothing and its entries must be counted. */
function readOpenFds(procfs: string, pid: number): number | undefined {
  const count = countFds(procfs, pid);
  if (count >= 0) return count;
  try {
    return readdirSync(`${procfs}/${pid}/fd`).length;
  } catch {
    return undefined; // gone, or not ours to read: then its sockets are not attributed either
  }
}

function readLimit(procfs: string, pid: number): number | undefined {
  try {
    return parseOpenFilesLimit(readFileSync(`${procfs}/${pid}/limits`, 'latin1'));
  } catch {
    return undefined; // gone since its descriptors were counted
  }
}

/** The soft limit in the line `Max open files  1024  524288  files`; undefined when it is unlimited or not there. */
export function parseOpenFilesLimit(text: string): number | undefined {
  const match = /^Max open files\s+(\d+)\s/m.exec(text);
  return match === null ? undefined : Number(match[1]);
}
