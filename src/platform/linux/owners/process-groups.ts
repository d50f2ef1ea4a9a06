import type { SocketTable } from '../../../table/socket-table.ts';
import { type CgroupMount, findCgroupMount } from '../cgroups/cgroup-mount.ts';
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
  id: bigint;
  scrapesLeft: number;
}

/**
 * The cgroups of the processes that own sockets. A socket names the cgroup that created it, which with socket
 * activation is a different one.
 */
export interface ProcessGroups {
  /** Index in `table.groups`; 0 = unknown, or not read yet. */
  indexOf(record: ProcessRecord, table: SocketTable): number;
  /** Starts a scrape. Returns whether any index changed. */
  refresh(records: readonly (ProcessRecord | undefined)[]): boolean;
}

export function createProcessGroups(mounts: { readonly procfs: string; readonly sysfs: string }): ProcessGroups {
  const looks = new WeakMap<ProcessRecord, Look>();
  const readCgroupId = createCgroupIdReader(mounts);
  let left = MOST_LOOKS;
  let isLate = false;

  return { indexOf, refresh };

  function indexOf(record: ProcessRecord, table: SocketTable): number {
    if (record.groupIndex < 0) {
      const id = looks.get(record)?.id ?? firstLook(record);
      if (id === undefined) return 0;
      record.groupIndex = id === 0n ? 0 : table.groups.intern(Number(id & 0xffffffffn) | 0, Number(id >> 32n) | 0);
    }
    return record.groupIndex;
  }

  /** Undefined if there is no time for it now. */
  function firstLook(record: ProcessRecord): bigint | undefined {
    if (left <= 0) {
      isLate = true;
      return undefined;
    }
    const id = look(record);
    looks.set(record, { id, scrapesLeft: FIRST_VALID_SCRAPES });
    return id;
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

  function look({ pid }: ProcessRecord): bigint {
    left--;
    return readCgroupId(pid);
  }
}

/** Reads the id of a process's cgroup; 0 = unknown. */
export function createCgroupIdReader(mounts: { readonly procfs: string; readonly sysfs: string }) {
  let mount: CgroupMount | undefined;

  return function readCgroupId(pid: number): bigint {
    try {
      mount ??= findCgroupMount(mounts.procfs, mounts.sysfs);
      const directory = mount && directoryOf(mount, readWhole(`${mounts.procfs}/${pid}/cgroup`));
      return (directory === undefined ? undefined : inodeOf(directory)) ?? 0n;
    } catch {
      return 0n; // it has ended, or the mounts cannot be read now: it keeps its sockets' unit
    }
  };
}

/**
 * The cgroup2 directory of a process, from its /proc/PID/cgroup. The path there starts at the root of our own cgroup
 * namespace, and goes up by as many `..` as the root of the mount has; undefined if it lies outside the mount.
 */
export function directoryOf({ directory, cgroup, climbs }: CgroupMount, text: string): string | undefined {
  const path = /^0::(\/.*)$/m.exec(text)?.[1];
  if (path === undefined) return undefined;
  const above = /^(?:\/\.\.)*/.exec(path)![0];
  if (above.length / 3 !== climbs) return undefined;
  const below = path.slice(above.length);
  const base = cgroup === '/' ? '' : cgroup;
  if (!`${below}/`.startsWith(`${base}/`)) return undefined;
  return directory + below.slice(base.length).replace(/\/$/, '');
}
