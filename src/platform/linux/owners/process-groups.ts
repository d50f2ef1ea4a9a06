import type { SocketTable } from '../../../table/socket-table.ts';
import type { CgroupView } from '../cgroups/cgroup-view.ts';
import { inodeOf } from '../cgroups/cgroup-walk.ts';
import { readWhole } from '../procfs/proc-file.ts';
import { NO_NAME, type ProcessRecord } from './process-table.ts';

/** Processes checked per scrape: each takes reading a file and looking up a folder, 20 µs together. */
const MOST_LOOKS = 500;
/**
 * Scrapes until a process is checked again: a service manager moves what it has just started, seldom anything later.
 */
const FIRST_VALID_SCRAPES = 1;
const VALID_SCRAPES = 20;

interface Look {
  /** As `createCgroupIdReader` has it. */
  id: bigint | undefined;
  scrapesLeft: number;
}

/**
 * The cgroups of the processes that own sockets. A socket names the cgroup that created it, which with socket
 * activation is a different one.
 */
export interface ProcessGroups {
  /** Index in `table.groups`, 0 = unknown. Undefined = not read yet, or not to be read: its sockets keep the cgroup that they have. */
  indexOf(record: ProcessRecord, table: SocketTable): number | undefined;
  /** Starts a scrape. Returns whether any index changed. */
  refresh(records: readonly (ProcessRecord | undefined)[]): boolean;
}

export function createProcessGroups(procfs: string, view: CgroupView): ProcessGroups {
  const looks = new WeakMap<ProcessRecord, Look>();
  const readCgroupId = createCgroupIdReader(procfs, view);
  let left = MOST_LOOKS;
  let isLate = false;

  return { indexOf, refresh };

  function indexOf(record: ProcessRecord, table: SocketTable): number | undefined {
    if (record.groupIndex < 0) {
      const id = (looks.get(record) ?? firstLook(record))?.id;
      if (id === undefined) return undefined;
      record.groupIndex = id === 0n ? 0 : table.groups.intern(Number(id & 0xffffffffn) | 0, Number(id >> 32n) | 0);
    }
    return record.groupIndex;
  }

  /** Undefined if there is no time for it now. */
  function firstLook(record: ProcessRecord): Look | undefined {
    if (left <= 0) {
      isLate = true;
      return undefined;
    }
    const first = { id: look(record), scrapesLeft: FIRST_VALID_SCRAPES };
    looks.set(record, first);
    return first;
  }

  function refresh(records: readonly (ProcessRecord | undefined)[]): boolean {
    let isMoved = isLate;
    isLate = false;
    left = MOST_LOOKS;
    for (const record of records) {
      const known = record?.isAlive && record.held.sockets > 0 ? looks.get(record) : undefined;
      if (known === undefined || --known.scrapesLeft >= 0 || left <= 0) continue;
      const id = look(record!);
      known.scrapesLeft = VALID_SCRAPES - (record!.pid % (VALID_SCRAPES >> 1)); // not all in the same scrape
      if (id === known.id) continue;
      known.id = id;
      record!.groupIndex = -1;
      record!.label = undefined;
      record!.nameId = NO_NAME;
      isMoved = true;
    }
    return isMoved;
  }

  function look({ pid }: ProcessRecord): bigint | undefined {
    left--;
    return readCgroupId(pid);
  }
}

/** Reads the id of a process's cgroup: 0 = it has one that cannot be told, undefined = it could not be read. */
export function createCgroupIdReader(procfs: string, view: CgroupView): (pid: number) => bigint | undefined {
  return function readCgroupId(pid) {
    try {
      const directory = view.directoryOf(readWhole(`${procfs}/${pid}/cgroup`));
      if (directory === 'outside') return 0n;
      return directory === undefined ? undefined : inodeOf(directory);
    } catch {
      return undefined; // it has ended, or the mounts cannot be read now
    }
  };
}
