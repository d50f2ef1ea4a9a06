import { constants } from 'node:fs';
import { type Libc, SystemCallError } from '../libc/libc.ts';
import { readWhole } from '../procfs/proc-file.ts';

/** O_DIRECTORY is another bit on arm64, where x86's means O_DIRECT, which procfs refuses (arch/arm64/include/uapi/asm/fcntl.h). */
const O_RDONLY_DIRECTORY_CLOEXEC = constants.O_DIRECTORY | 0o2000000;
const LINK_LENGTH = 64;
const NAME_LENGTH = 16;
const DIRENT_BUFFER_LENGTH = 32 * 1024;
/** Position in /proc/PID/fd of descriptor 0, behind `.` and `..` (fs/proc/fd.c, proc_readfd_common). */
const FIRST_FD_OFFSET = 2;
const SEEK_SET = 0;
const ZERO = 0x30;
const CLOSING_BRACKET = 0x5d;
const SOCKET_PREFIX = Buffer.from('socket:[');
const RING_LINK = Buffer.from('anon_inode:[io_uring]');

/** The descriptor exists, but is not a socket. */
export const NOT_A_SOCKET = 0;
/** The descriptor, or its process, does not exist (any more). */
export const GONE = -1;
/** This process may not read those descriptors. */
export const DENIED = -2;
/** The descriptor is a ring of io_uring, which may hold sockets that have no descriptor. */
export const RING = -3;
/** The end of the descriptors. */
export const DONE = -4;

/**
 * Reads `/proc/PID/fd` without an object per descriptor. Inodes are signed 32-bit numbers, like sock_diag's. An open
 * folder belongs to the process it was opened for: when that ends, everything in it is GONE, even if a new process has
 * its pid.
 */
export interface FdLinks {
  readonly source: 'bpf' | 'procfs';
  /** Why it is procfs, where it was not from the start. */
  readonly sourceReason?: string | undefined;
  /** Opens `<procfs>/<folder>/fd`; `folder` is a pid, or `pid/task/tid`. GONE or DENIED on failure. */
  open(folder: string): number;
  close(directory: number): void;
  /**
   * Tells which descriptors `linkOf` will be asked for next, in this order, for what reads many at once to do so. Absent where each is a
   * call of its own.
   */
  expect?(directory: number, fds: Int32Array, length: number): void;
  /** The inode of the socket behind one descriptor, or NOT_A_SOCKET, RING, GONE, DENIED. */
  linkOf(directory: number, fd: number): number;
  /**
   * Calls `visit` with each open descriptor from `from` upwards, until it returns false. Returns the descriptor that it
   * rejected, or DONE, GONE, DENIED.
   */
  list(directory: number, from: number, visit: (fd: number) => boolean): number;
  /** The text of `<procfs>/<folder>/fdinfo/<fd>`; undefined if it cannot be read. */
  readInfo(folder: string, fd: number): string | undefined;
  /** Gives back what it holds; nothing is asked afterwards. */
  end?(): void;
}

export function createFdLinks(libc: Libc, procfs: string): FdLinks {
  const link = Buffer.alloc(LINK_LENGTH);
  const entries = Buffer.alloc(DIRENT_BUFFER_LENGTH);
  const name = Buffer.alloc(NAME_LENGTH);

  return {
    source: 'procfs',
    open(folder) {
      const path = `${procfs}/${folder}/fd`;
      const directory = libc.open(Buffer.from(`${path}\0`), O_RDONLY_DIRECTORY_CLOEXEC);
      return directory < 0 ? failureOf(libc.errno(), path) : directory;
    },
    close: (directory) => libc.close(directory),
    linkOf,
    list,
    readInfo(folder, fd) {
      try {
        return readWhole(`${procfs}/${folder}/fdinfo/${fd}`);
      } catch {
        return undefined; // it was closed, or may not be read
      }
    },
  };

  function linkOf(directory: number, fd: number): number {
    writeNumber(name, fd);
    const length = libc.readlinkat(directory, name, link, LINK_LENGTH);
    return length < 0 ? failureOf(libc.errno(), 'a link below /proc/PID/fd') : parseLink(link, length);
  }

  function list(directory: number, from: number, visit: (fd: number) => boolean): number {
    if (from > 0) libc.lseek(directory, from + FIRST_FD_OFFSET, SEEK_SET);
    for (;;) {
      const length = libc.getdents64(directory, entries, DIRENT_BUFFER_LENGTH);
      if (length < 0) return failureOf(libc.errno(), '/proc/PID/fd');
      if (length === 0) return DONE;
      const stop = visitEntries(length, visit);
      if (stop >= 0) return stop;
    }
  }

  /**
   * struct linux_dirent64 (man 2 getdents): d_reclen u16 @16, d_name @19. Returns the descriptor where it stopped, or
   * −1.
   */
  function visitEntries(length: number, visit: (fd: number) => boolean): number {
    for (let at = 0; at < length; ) {
      const size = entries.readUInt16LE(at + 16);
      if (size < 20 || size > length - at) throw new Error(`getdents64: record of ${size} bytes in ${length - at}`);
      const fd = parseName(entries, at + 19, at + size);
      at += size;
      if (fd >= 0 && !visit(fd)) return fd;
    }
    return -1;
  }
}

/** `socket:[123]` → 123 as signed 32 bits; `anon_inode:[io_uring]` → RING; NOT_A_SOCKET for any other text. */
export function parseLink(link: Uint8Array, length: number): number {
  for (let at = 0; at < SOCKET_PREFIX.length; at++) {
    if (link[at] !== SOCKET_PREFIX[at]) return isRing(link, length) ? RING : NOT_A_SOCKET;
  }
  if (link[length - 1] !== CLOSING_BRACKET) return NOT_A_SOCKET;
  let inode = 0;
  for (let at = SOCKET_PREFIX.length; at < length - 1; at++) {
    const digit = link[at]! - ZERO;
    if (digit < 0 || digit > 9) return NOT_A_SOCKET;
    inode = (Math.imul(inode, 10) + digit) | 0;
  }
  return inode < 0 && inode >= RING ? NOT_A_SOCKET : inode;
}

function isRing(link: Uint8Array, length: number): boolean {
  if (length !== RING_LINK.length) return false;
  for (let at = 0; at < length; at++) if (link[at] !== RING_LINK[at]) return false;
  return true;
}

const EPERM = 1;
const ENOENT = 2;
const ESRCH = 3;
const EACCES = 13;

/**
 * Throws for any other errno. Compared as a number: an Error for each free descriptor would cost more than the call.
 */
function failureOf(errno: number, what: string): number {
  if (errno === ENOENT || errno === ESRCH) return GONE;
  if (errno === EACCES || errno === EPERM) return DENIED;
  throw new SystemCallError(`reading ${what}`, errno);
}

/** Writes a number in decimal digits, followed by a NUL. */
function writeNumber(target: Buffer, value: number): void {
  let end = 1;
  for (let rest = value; rest >= 10; rest = Math.trunc(rest / 10)) end++;
  target[end] = 0;
  for (let at = end - 1, rest = value; at >= 0; at--, rest = Math.trunc(rest / 10)) target[at] = ZERO + (rest % 10);
}

/** NUL-terminated decimal digits → number; −1 for any other name (`.`, `..`). */
function parseName(source: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = source[at]!;
    if (byte === 0) return at === start ? -1 : value;
    if (byte < ZERO || byte > ZERO + 9) return -1;
    value = value * 10 + byte - ZERO;
  }
  return -1;
}
