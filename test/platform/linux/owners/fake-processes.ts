import { DENIED, DONE, type FdLinks, GONE, NOT_A_SOCKET } from '../../../../src/platform/linux/owners/fd-links.ts';
import type { ProcessIdentity } from '../../../../src/platform/linux/owners/process-identity.ts';
import { identityOf } from './identity-of.ts';

/** A process of the fake host. `fds`: what each open descriptor holds, an inode or NOT_A_SOCKET. */
export interface FakeProcess {
  readonly pid: number;
  readonly startTime: number;
  name: string;
  isDenied: boolean;
  readonly fds: Map<number, number>;
  /** By the descriptor of each ring of io_uring, which `fds` has as RING: what its direct descriptors hold. */
  readonly rings: Map<number, Map<number, number>>;
}

/**
 * A host that exists in memory only: processes with descriptors, and what the search of owners asks of procfs. `readsTogether`: links are
 * read together as soon as they are expected.
 */
export function createFakeProcesses(readsTogether = false) {
  const processes = new Map<number, FakeProcess>();
  const opened = new Map<number, FakeProcess>();
  let clock = 0;
  let nextDirectory = 1000;
  /** Calls so far: links read, descriptors listed, folders opened or found closed to us, rings read. */
  const counts = { links: 0, listed: 0, folders: 0, infos: 0 };

  const links: FdLinks = {
    source: 'procfs',
    open(folder) {
      counts.folders++;
      const process = processes.get(Number(folder));
      if (process === undefined) return GONE;
      if (process.isDenied) return DENIED;
      opened.set(++nextDirectory, process);
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
      const files = processes.get(Number(folder))?.rings.get(fd);
      return files && ringInfoOf(files);
    },
  };

  if (readsTogether) readTogether(links);
  return { processes, links, counts, readIdentity, countFds, start, end, openFolders: () => opened.size };

  /** A folder stays that of the process it was opened for, also when another one has its pid. */
  function fdsOf(directory: number): ReadonlyMap<number, number> {
    const process = opened.get(directory);
    if (process === undefined) throw new Error(`${directory} is not open`);
    return processes.get(process.pid) === process ? process.fds : new Map();
  }

  function readIdentity(pid: number): ProcessIdentity | undefined {
    const process = processes.get(pid);
    return process && identityOf({ startTime: process.startTime, name: process.name, folder: String(pid) });
  }

  function countFds(folder: string): number {
    return processes.get(Number(folder))?.fds.size ?? -1;
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

export function lowestFree({ fds }: FakeProcess): number {
  for (let fd = 0; ; fd++) if (!fds.has(fd)) return fd;
}
