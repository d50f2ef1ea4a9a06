import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import { type Libc, loadLibc } from '../../../../src/platform/linux/libc/libc.ts';
import type { SocketLookup } from '../../../../src/platform/linux/netlink/socket-lookup.ts';
import { createOwnerResolver } from '../../../../src/platform/linux/owners/owners.ts';
import type { ProcessGroups } from '../../../../src/platform/linux/owners/process-groups.ts';
import type { ProcessNames } from '../../../../src/platform/linux/owners/process-names.ts';
import type { ScrapeBudget } from '../../../../src/platform/platform.ts';
import {
  Family,
  localPortOf,
  packPorts,
  packUse,
  Reason,
  ROW_WORDS,
  stateOf,
  Word,
} from '../../../../src/table/socket-row.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';

export const ENDLESS: ScrapeBudget = { now: () => performance.now(), deadlineMs: Number.POSITIVE_INFINITY };
const EACCES = 13;

/** One row of a dump; `port` tells rows apart that share an inode. */
export interface DumpedRow {
  readonly inode: number;
  readonly port: number;
  readonly state: TcpState;
}

export interface HostOptions {
  readonly isPrivileged?: boolean;
  readonly isInitialUser?: boolean;
  readonly hasHiddenProcesses?: boolean;
  readonly lookup?: SocketLookup;
  readonly budgetMs?: number;
  /** Its descriptors cannot be read. */
  readonly closedPid?: number;
  readonly libc?: Libc;
  readonly groups?: ProcessGroups;
  readonly names?: ProcessNames;
  readonly procfs?: string;
  /** Whether a scrape is compared with the last one. */
  readonly isCompared?: boolean;
}

/** A C library in which no folder of descriptors can be opened while `errno` is not 0. */
export function createFailingLibc() {
  const real = loadLibc();
  const failure = { errno: 0 };
  const libc: Libc = {
    ...real,
    open: (path, flags) => (failure.errno !== 0 && isFdFolder(path) ? -1 : real.open(path, flags)),
    errno: () => failure.errno || real.errno(),
  };
  return { libc, failure };
}

/** A procfs of files and links, and a resolver on it, with the table that it works on. */
export function createOwnedHost(t: TestContext, options: HostOptions = {}) {
  const { isPrivileged = true, budgetMs = 10_000, closedPid, isCompared = true, ...others } = options;
  const procfs = options.procfs ?? temporaryFolder(t);
  const counts = { links: 0 };
  const libc = listInOrder(options.libc ?? closeFolder(loadLibc(), `${procfs}/${closedPid}/fd`));
  const counting: Libc = {
    ...libc,
    readlinkat(...call) {
      counts.links++;
      return libc.readlinkat(...call);
    },
  };
  const owners = createOwnerResolver(counting, { ...others, procfs, budgetMs, isPrivileged });
  const table = new SocketTable();

  return {
    owners,
    table,
    procfs,
    counts,
    hold,
    nameProcess,
    open,
    close: (pid: number, fd: number) => rmSync(join(procfs, `${pid}/fd/${fd}`)),
    end: (pid: number) => rmSync(join(procfs, String(pid)), { recursive: true }),
    /** Rows of these inodes. */
    scrape: (...inodes: number[]) => scrapeRows(toRows(inodes)),
    scrapeWithin: (budget: ScrapeBudget, ...inodes: number[]) => scrapeRows(toRows(inodes), budget),
    scrapeRows,
    dump: (rows: readonly DumpedRow[]) => dumpRows(table, rows, isCompared),
  };

  /** A process with these sockets at its lowest descriptors. */
  function hold(pid: number, name: string, ...inodes: number[]): void {
    nameProcess(pid, name);
    for (const [fd, inode] of inodes.entries()) open(pid, fd, inode);
  }

  /** Starts a process, or gives it another name; with another start time it is another process, after exec() its command line is elsewhere. */
  function nameProcess(pid: number, name: string, startTime = 1000 + pid, argStart = 0): void {
    mkdirSync(join(procfs, `${pid}/fd`), { recursive: true });
    const fields = ['S', ...Array.from({ length: 18 }, () => 1), startTime, ...Array(25).fill(0), argStart];
    writeFileSync(join(procfs, `${pid}/stat`), `${pid} (${name}) ${fields.join(' ')}\n`);
  }

  function open(pid: number, fd: number, inode: number): void {
    symlinkSync(`socket:[${inode}]`, join(procfs, `${pid}/fd/${fd}`));
  }

  /** The process of each row, or the reason why it has none; counted by nobody, but committed. */
  function scrapeRows(rows: readonly DumpedRow[], budget = ENDLESS) {
    dumpRows(table, rows, isCompared);
    owners.resolve(table, budget);
    table.commit();
    return answersOf(table);
  }
}

/** The process of each row, or the reason why it has none. */
export function answersOf(table: SocketTable): (string | Reason)[] {
  return Array.from({ length: table.length }, (_, row) => {
    const { process, reason } = table.rowAt(row);
    assert.ok(process === 0 || reason === Reason.none, 'a process and a reason why there is none');
    return process === 0 ? reason : table.processNames.nameOf(process);
  });
}

/** A row for each inode; those of one inode differ in their port. */
export function toRows(inodes: readonly number[]): DumpedRow[] {
  return inodes.map((inode, index) => ({
    inode,
    port: 1 + inodes.slice(0, index).filter((other) => other === inode).length,
    state: TcpState.established,
  }));
}

/** Fills a table as a reader does that compares, or one that does not. */
export function dumpRows(table: SocketTable, rows: readonly DumpedRow[], isCompared: boolean): void {
  if (isCompared) table.turn();
  else table.reset();
  for (const row of rows) {
    const old = findRow(table, row);
    if (old >= 0) table.keep(old);
    else {
      const [local, remote] = [table.addresses.internIpv4(1), table.addresses.internIpv4(2)];
      table.append(packPorts(row.port, 443), 2, row.inode, local, remote, packUse(row.state, Family.v4));
    }
  }
  table.finish();
}

/** A row of the last scrape that was not passed yet. */
function findRow({ words, next, end }: SocketTable, { inode, port, state }: DumpedRow): number {
  for (let row = next; row < end; row++) {
    const at = row * ROW_WORDS;
    if (words[at + Word.owner] === (inode | 0) && localPortOf(words, at) === port && stateOf(words, at) === state)
      return row;
  }
  return -1;
}

function isFdFolder(path: Uint8Array): boolean {
  return Buffer.from(path).toString().endsWith('/fd\0');
}

function closeFolder(libc: Libc, closed: string): Libc {
  let isDenied = false;
  return {
    ...libc,
    open(path, flags) {
      isDenied = Buffer.from(path).toString() === `${closed}\0`;
      return isDenied ? -1 : libc.open(path, flags);
    },
    errno: () => (isDenied ? EACCES : libc.errno()),
  };
}

/** Lists descriptors by number, as procfs does and other file systems do not. */
function listInOrder(libc: Libc): Libc {
  const unlisted = new Set<number>();
  return {
    ...libc,
    open(path, flags) {
      const fd = libc.open(path, flags);
      if (fd >= 0) unlisted.add(fd);
      return fd;
    },
    getdents64(fd, buffer) {
      if (!unlisted.delete(fd)) return 0;
      const names = readdirSync(`/proc/self/fd/${fd}`).sort((a, b) => Number(a) - Number(b));
      const records = Buffer.concat(names.map(toDirectoryEntry));
      buffer.set(records);
      return records.length;
    },
  };
}

/** struct linux_dirent64 (man 2 getdents). */
function toDirectoryEntry(name: string): Buffer {
  const record = Buffer.alloc(32);
  record.writeUInt16LE(record.length, 16);
  record.write(name, 19);
  return record;
}
