import { DENIED, DONE, type FdLinks, GONE, NOT_A_SOCKET } from '../../../../src/platform/linux/owners/fd-links.ts';
import type { ProcessIdentity } from '../../../../src/platform/linux/owners/process-identity.ts';
import type { ThreadTables } from '../../../../src/platform/linux/owners/thread-tables.ts';
import { identityOf } from './identity-of.ts';

/** A table of descriptors. */
export interface FakeTable {
  /** What each open descriptor holds, an inode or NOT_A_SOCKET. */
  readonly fds: Map<number, number>;
  /** By the descriptor of each ring of io_uring, which `fds` has as RING: what its direct descriptors hold. */
  readonly rings: Map<number, Map<number, number>>;
}

/** A process of the fake host. */
export interface FakeProcess extends FakeTable {
  readonly pid: number;
  readonly startTime: number;
  name: string;
  isDenied: boolean;
  /** By number, without the first one. */
  readonly threads: Map<number, FakeThread>;
}

interface FakeThread {
  readonly startTime: number;
  readonly table: FakeTable;
}

/**
 * A host that exists in memory only: processes with descriptors, and what the search of owners asks of procfs. `readsTogether`: links are
 * read together as soon as they are expected.
 */
export function createFakeProcesses(readsTogether = false) {
  const processes = new Map<number, FakeProcess>();
  const opened = new Map<number, { readonly folder: string; readonly table: FakeTable }>();
  let clock = 0;
  let nextTid = 1_000_000;
  let nextDirectory = 1000;
  /** Calls so far: links read, descriptors listed, folders opened or found closed to us, rings read, lists of threads, threads compared. */
  const counts = { links: 0, listed: 0, folders: 0, infos: 0, threads: 0, compared: 0 };

  const links: FdLinks = {
    source: 'procfs',
    open(folder) {
      counts.folders++;
      const table = tableIn(folder);
      if (table === undefined) return GONE;
      if (processes.get(Number.parseInt(folder, 10))!.isDenied) return DENIED;
      opened.set(++nextDirectory, { folder, table });
      return nextDirectory;
    },
    close(directory) {
      if (!opened.delete(directory)) throw new Error(`${directory} is not open`);
    },
    linkOf(directory, fd) {
      counts.links++;
      return fdsOf(directory).get(fd) ?? GONE;
    },
    list(directory, from, visit) {
      const fds = [...fdsOf(directory).keys()].filter((fd) => fd >= from).sort((a, b) => a - b);
      for (const fd of fds) {
        counts.listed++;
        if (!visit(fd)) return fd;
      }
      return DONE;
    },
    readInfo(folder, fd) {
      counts.infos++;
      const files = tableIn(folder)?.rings.get(fd);
      return files && ringInfoOf(files);
    },
  };

  const tables: ThreadTables = {
    threadsOf(pid) {
      counts.threads++;
      const process = processes.get(pid);
      return process === undefined ? [] : [pid, ...process.threads.keys()];
    },
    isSame(tid, other) {
      counts.compared++;
      const [table, otherTable] = [tableOf(tid), tableOf(other)];
      return table === undefined || otherTable === undefined || table === otherTable;
    },
  };

  if (readsTogether) readTogether(links);
  const openFolders = () => opened.size;
  return { processes, links, tables, counts, readIdentity, countFds, start, startThread, end, openFolders };

  /** A folder stays that of whom it was opened for, also when another one has its number. */
  function fdsOf(directory: number): ReadonlyMap<number, number> {
    const folder = opened.get(directory);
    if (folder === undefined) throw new Error(`${directory} is not open`);
    return tableIn(folder.folder) === folder.table ? folder.table.fds : new Map();
  }

  function tableIn(folder: string): FakeTable | undefined {
    const [pid, , tid] = folder.split('/');
    const process = processes.get(Number(pid));
    return tid === undefined ? process : process?.threads.get(Number(tid))?.table;
  }

  function tableOf(tid: number): FakeTable | undefined {
    const threads = [...processes.values()].map((process) => process.threads.get(tid)?.table);
    return processes.get(tid) ?? threads.find((table) => table !== undefined);
  }

  function readIdentity(pid: number, tid?: number): ProcessIdentity | undefined {
    const process = processes.get(pid);
    if (process === undefined) return undefined;
    const { startTime, name, threads } = process;
    const threadCount = 1 + threads.size;
    if (tid === undefined) return identityOf({ startTime, name, threadCount, folder: String(pid) });
    const threadStart = threads.get(tid)?.startTime;
    return threadStart === undefined
      ? undefined
      : identityOf({ startTime, name, threadCount, folder: `${pid}/task/${tid}`, threadStart });
  }

  function countFds(folder: string): number {
    return tableIn(folder)?.fds.size ?? -1;
  }

  /** `table`: what it shares with others; absent = one of its own, with what the process has. Returns its number. */
  function startThread(process: FakeProcess, table: FakeTable = copyTable(process), tid = nextTid++): number {
    process.threads.set(tid, { startTime: ++clock, table });
    return tid;
  }

  /** `fds`: a number of sockets' inodes, at the lowest descriptors. */
  function start(pid: number, name: string, ...inodes: number[]): FakeProcess {
    const process = {
      pid,
      startTime: ++clock,
      name,
      isDenied: false,
      fds: new Map(inodes.entries()),
      rings: new Map(),
      threads: new Map(),
    };
    processes.set(pid, process);
    return process;
  }

  function end(process: FakeProcess): void {
    if (processes.get(process.pid) === process) processes.delete(process.pid);
  }
}

/** Each link that was expected is what it was then, in the order in which they were. */
function readTogether(links: FdLinks): void {
  const { linkOf } = links;
  let ahead: { readonly directory: number; readonly fd: number; readonly link: number }[] = [];
  links.expect = (directory, fds, length) => {
    ahead = Array.from(fds.subarray(0, length), (fd) => ({ directory, fd, link: linkOf(directory, fd) }));
  };
  links.linkOf = (directory, fd) => {
    const [next] = ahead;
    if (next?.directory !== directory || next.fd !== fd) return linkOf(directory, fd);
    ahead.shift();
    return next.link;
  };
}

/** As the kernel prints it (6.18), shortened. */
export function ringInfoOf(files: ReadonlyMap<number, number>): string {
  const lines = [...files]
    .sort(([a], [b]) => a - b)
    .map(
      ([index, inode]) =>
        `${String(index).padStart(5)}: ${inode === NOT_A_SOCKET ? '/dev/null' : `socket:[${inode}]`}\n`,
    );
  return `pos:\t0\nflags:\t02000002\nSqMask:\t0x7\nUserFiles:\t256\n${lines.join('')}UserBufs:\t0\nPollList:\n`;
}

/** A ring is one in both tables. */
function copyTable({ fds, rings }: FakeTable): FakeTable {
  return { fds: new Map(fds), rings: new Map(rings) };
}

export function lowestFree({ fds }: FakeTable): number {
  for (let fd = 0; ; fd++) if (!fds.has(fd)) return fd;
}
