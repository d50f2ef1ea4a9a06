import { type Libc, SystemCallError } from './libc.ts';

const AT_FDCWD = -100;
const O_RDONLY_DIRECTORY_CLOEXEC = 0o0 | 0o200000 | 0o2000000;
const LINK_LENGTH = 64;
const DIRENT_BUFFER_LENGTH = 32 * 1024;
/** Position in /proc/PID/fd of descriptor 0, behind `.` and `..` (fs/proc/fd.c, proc_readfd_common). */
const FIRST_FD_OFFSET = 2;
const SEEK_SET = 0;
/** Descriptors between two looks at the clock. */
const CHECK_EVERY = 64;
const ZERO = 0x30;
const SLASH = 0x2f;
const SOCKET_PREFIX = Buffer.from('socket:[');

/** The file descriptor is there, but it is no socket. */
export const NOT_A_SOCKET = 0;
/** The file descriptor, or its process, is not there any more. */
export const GONE = -1;
/** The process's descriptors may not be read. */
export const DENIED = -2;

/** All of a process's descriptors were seen. */
export const DONE = -3;

/** Reads `/proc/PID/fd` without making an object per descriptor. Inodes are given as signed 32-bit numbers, as sock_diag's are. */
export interface FdLinks {
  /** The inode behind one descriptor, or one of the constants above (0 is no inode of a socket). */
  inodeOf(pid: number, fd: number): number;
  /**
   * Calls `visit` with each socket a process holds, from descriptor `from` upwards. `isLate` is asked now and then; when
   * it says yes, the search ends there and the next descriptor is returned. Else DONE, or GONE, or DENIED.
   */
  eachSocket(pid: number, from: number, visit: (fd: number, inode: number) => void, isLate: () => boolean): number;
}

export function createFdLinks(libc: Libc, procfs: string): FdLinks {
  const root = Buffer.from(`${procfs}/`);
  const path = Buffer.alloc(root.length + 64);
  const link = Buffer.alloc(LINK_LENGTH);
  const entries = Buffer.alloc(DIRENT_BUFFER_LENGTH);
  const name = Buffer.alloc(256);
  root.copy(path);

  return { inodeOf, eachSocket };

  function inodeOf(pid: number, fd: number): number {
    const end = writeNumber(path, writeFolder(pid), fd);
    path[end] = 0;
    return readInode(AT_FDCWD, path);
  }

  function eachSocket(pid: number, from: number, visit: (fd: number, inode: number) => void, isLate: () => boolean): number {
    path[writeFolder(pid)] = 0;
    const folder = libc.open(path, O_RDONLY_DIRECTORY_CLOEXEC);
    if (folder < 0) return failureOf(libc.errno());
    try {
      if (from > 0) libc.lseek(folder, from + FIRST_FD_OFFSET, SEEK_SET);
      return readFolder(folder, visit, isLate);
    } finally {
      libc.close(folder);
    }
  }

  /** struct linux_dirent64 (man 2 getdents): d_reclen u16 @16, d_name @19. */
  function readFolder(folder: number, visit: (fd: number, inode: number) => void, isLate: () => boolean): number {
    for (;;) {
      const length = libc.getdents64(folder, entries, entries.length);
      if (length < 0) return failureOf(libc.errno());
      if (length === 0) return DONE;
      for (let at = 0; at < length; ) {
        const size = entries.readUInt16LE(at + 16);
        if (size < 20 || size > length - at) throw new Error(`getdents64: record of ${size} bytes in ${length - at}`);
        const fd = parseNumber(entries, at + 19, at + size);
        at += size;
        if (fd < 0) continue;
        if (fd % CHECK_EVERY === CHECK_EVERY - 1 && isLate()) return fd;
        entries.copy(name, 0, at - size + 19, at);
        const inode = readInode(folder, name);
        if (inode === DENIED) return DENIED;
        if (inode !== NOT_A_SOCKET && inode !== GONE) visit(fd, inode);
      }
    }
  }

  function readInode(folder: number, target: Uint8Array): number {
    const length = libc.readlinkat(folder, target, link, LINK_LENGTH);
    if (length < 0) return failureOf(libc.errno());
    for (let index = 0; index < SOCKET_PREFIX.length; index++) {
      if (link[index] !== SOCKET_PREFIX[index]) return NOT_A_SOCKET;
    }
    let inode = 0;
    for (let index = SOCKET_PREFIX.length; index < length - 1; index++) {
      inode = (Math.imul(inode, 10) + link[index]! - ZERO) | 0;
    }
    return inode === GONE || inode === DENIED ? NOT_A_SOCKET : inode;
  }

  /** Writes `<procfs>/<pid>/fd/` and returns its end. */
  function writeFolder(pid: number): number {
    const end = writeNumber(path, root.length, pid);
    path[end] = SLASH;
    path.write('fd/', end + 1, 'latin1');
    return end + 4;
  }
}

/** ENOENT and ESRCH: gone. EACCES and EPERM: denied. Anything else is no answer at all. */
function failureOf(errno: number): number {
  const error = new SystemCallError('reading /proc/PID/fd', errno);
  if (error.code === 'ENOENT' || error.code === 'ESRCH') return GONE;
  if (error.code === 'EACCES' || error.code === 'EPERM') return DENIED;
  throw error;
}

function writeNumber(target: Buffer, start: number, value: number): number {
  let divisor = 1;
  while (value / divisor >= 10) divisor *= 10;
  let at = start;
  for (; divisor >= 1; divisor /= 10) target[at++] = ZERO + (Math.floor(value / divisor) % 10);
  return at;
}

/** NUL-terminated decimal digits → number; −1 for any other name (`.`, `..`). */
function parseNumber(source: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = source[at]!;
    if (byte === 0) return at === start ? -1 : value;
    if (byte < ZERO || byte > ZERO + 9) return -1;
    value = value * 10 + byte - ZERO;
  }
  return -1;
}
