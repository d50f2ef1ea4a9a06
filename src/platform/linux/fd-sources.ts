import { readlinkSync } from 'node:fs';
import { describeError } from '../../model/describe-error.ts';
import { KernelFds, MOST_FDS, openFds, type Started } from './bpf/kernel-fds.ts';
import type { Libc } from './libc/libc.ts';
import { openSockDiag } from './netlink/sock-diag-socket.ts';
import { createFdLinks, DONE, type FdLinks, GONE, NOT_A_SOCKET } from './owners/fd-links.ts';

/** Numbers of opened processes begin above those of descriptors. */
const FIRST_HANDLE = 2 ** 30;
/** Descriptors listed first: most processes have no more. */
const FIRST_LISTED = 256;
/** Processes opened between two proofs: those of a quarter of an hour on a small host. */
const PROVE_EVERY = 1000;
/** A program that takes other memory for a table of descriptors would find them without end. */
const MOST_COMPARED = 100_000;
const DISAGREES = 'the reader in the kernel disagrees with /proc/self/fd';
const UNPROVEN = 'the reader in the kernel could not be compared with /proc/self/fd';

/** A process as it was opened. */
interface Opened {
  readonly pid: number;
  readonly started: Started;
}

/** What is asked of the kernel. */
export type FdReader = Pick<KernelFds, 'find' | 'ask' | 'list' | 'close'>;

/**
 * The links of /proc/PID/fd, read by a program in the kernel, many at a time. It is proven by this process's own descriptors, read from
 * procfs, at start and every so often. Undefined where it cannot be loaded. For the initial pid namespace.
 */
export function openKernelLinks(
  libc: Libc,
  procfs: string,
  openReader = () => new KernelFds(openFds()),
): FdLinks | undefined {
  let kernel: KernelFds;
  try {
    kernel = openReader();
  } catch {
    return undefined; // what that takes is told where sockets are read
  }
  const proc = createFdLinks(libc, procfs);
  return createKernelLinks(kernel, proc, () => compare(kernel, proc, libc, procfs));
}

/**
 * `prove`: whether the kernel's answers are those of procfs, undefined if that cannot be told now. At start it must be; later, as long as they are
 * not said to differ and do not fail, they are used.
 */
export function createKernelLinks(kernel: FdReader, proc: FdLinks, prove: () => boolean | undefined): FdLinks {
  const opened = new Map<number, Opened>();
  const fds = new Int32Array(MOST_FDS);
  const links = new Int32Array(MOST_FDS);
  /** What in `fds` and `links` is read and not yet asked for: of which process, from where to where. */
  let aheadOf = GONE;
  let aheadAt = 0;
  let aheadEnd = 0;
  const oneFd = new Int32Array(1);
  const oneLink = new Int32Array(1);
  const proof = prove();
  let reason = proof === true ? undefined : proof === false ? DISAGREES : UNPROVEN;
  let handles = 0;

  return {
    get source() {
      return reason === undefined ? 'bpf' : 'procfs';
    },
    get sourceReason() {
      return reason;
    },
    open(folder) {
      if (++handles % PROVE_EVERY === 0 && prove() === false) reason ??= DISAGREES;
      if (reason !== undefined) return proc.open(folder);
      const pid = Number(folder.slice(folder.lastIndexOf('/') + 1));
      const started = orOff(() => kernel.find(pid));
      // procfs decides whether it has ended: one that the kernel hides from programs cannot be looked at, which is not the same
      if (started === 0) return proc.open(folder);
      opened.set(FIRST_HANDLE + handles, { pid, started });
      return FIRST_HANDLE + handles;
    },
    close(directory) {
      if (!opened.delete(directory)) proc.close(directory);
    },
    expect(directory, asked, length) {
      const process = opened.get(directory);
      if (process === undefined) return;
      fds.set(asked.subarray(0, length));
      ask(process, fds, links, length);
      aheadOf = directory;
      aheadAt = 0;
      aheadEnd = length;
    },
    linkOf(directory, fd) {
      if (directory === aheadOf && aheadAt < aheadEnd && fds[aheadAt] === fd) return links[aheadAt++]!;
      const process = opened.get(directory);
      if (process === undefined) return proc.linkOf(directory, fd);
      oneFd[0] = fd;
      ask(process, oneFd, oneLink, 1);
      return oneLink[0]!;
    },
    list(directory, from, visit) {
      const process = opened.get(directory);
      return process === undefined ? proc.list(directory, from, visit) : list(directory, process, from, visit);
    },
    readInfo: proc.readInfo,
    end: () => kernel.close(),
  };

  /** Nothing is left of a process that has ended. */
  function ask({ pid, started }: Opened, asked: Int32Array, answers: Int32Array, length: number): void {
    if (orOff(() => kernel.ask(pid, asked, answers, length)) !== started) answers.fill(GONE, 0, length);
  }

  function list(directory: number, { pid, started }: Opened, from: number, visit: (fd: number) => boolean): number {
    for (let next = from, most = FIRST_LISTED; next >= 0; most = MOST_FDS) {
      const read = orOff(() => kernel.list(pid, next, most, fds, links));
      if (read.started !== started) return GONE;
      aheadOf = directory;
      aheadEnd = read.length;
      for (let each = 0; each < read.length; each++) {
        aheadAt = each;
        if (!visit(fds[each]!)) return fds[each]!;
      }
      next = read.next;
    }
    return DONE;
  }

  /** What has failed once is not tried again: the next scrape reads procfs. */
  function orOff<Value>(read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      reason ??= `the reader in the kernel fails: ${describeError(error)}`;
      throw error;
    }
  }
}

/**
 * Whether both read the same of this process, which holds a socket meanwhile; undefined if it cannot have one. What changes between two looks
 * is not compared, nor whether the folder that is read from is open.
 */
function compare(kernel: KernelFds, proc: FdLinks, libc: Libc, procfs: string): boolean | undefined {
  let socket = GONE;
  try {
    socket = openSockDiag(libc); // of a family that the service is allowed, and inet_diag needs
    const pid = readlinkSync(`${procfs}/self`);
    const before = readAll(proc, pid);
    const ours = readAll(
      createKernelLinks(kernel, proc, () => true),
      pid,
    );
    const after = readAll(proc, pid);
    return (
      [...before].every(([fd, link]) => after.get(fd) !== link || (ours.get(fd) ?? NOT_A_SOCKET) === link) &&
      ours.has(socket)
    );
  } catch {
    return undefined;
  } finally {
    if (socket >= 0) libc.close(socket);
  }
}

/** What each open descriptor of a process is. */
function readAll(links: FdLinks, folder: string): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const directory = links.open(folder);
  if (directory < 0) return found;
  try {
    links.list(directory, 0, (fd) => {
      found.set(fd, links.linkOf(directory, fd));
      return found.size < MOST_COMPARED;
    });
  } finally {
    links.close(directory);
  }
  return found;
}
