import type { Libc } from '../../src/platform/linux/libc/libc.ts';

export const FIRST_PID = 1001;
/** Descriptors below are no sockets. */
const FIRST_FD = 3;
/** struct linux_dirent64 with a name of up to 13 characters. */
const RECORD_LENGTH = 32;
const NAME_OFFSET = 19;
/** Position of descriptor 0 in a folder, behind `.` and `..`. */
const FIRST_OFFSET = 2;
const ZERO = 0x30;
const SLASH = 0x2f;
const AT_FDCWD = -100;
/** Descriptors of ours: of `/proc/PID/fd` and of `/proc/PID/stat`. */
const FOLDERS = 1_000_000;
const FILES = 2_000_000;
const SOCKET = Buffer.from('socket:[');
const PIPE = Buffer.from('pipe:[1]');

/** The calls that read /proc/PID/fd and /proc/PID/stat. Process n holds the n-th `each` inodes, from descriptor 3 upwards. */
export function createSyntheticProcfs(
  inodes: Int32Array,
  each: number,
): Pick<Libc, 'open' | 'read' | 'lseek' | 'readlinkat' | 'getdents64' | 'close'> {
  let position = 0;

  return {
    open(path) {
      const text = Buffer.from(path).toString('latin1');
      const pid = Number(/\/(\d+)\/(?:fd\/?|stat)\0/.exec(text)?.[1]);
      position = 0;
      return (text.includes('/stat\0') ? FILES : FOLDERS) + pid;
    },
    read(fd, buffer) {
      const pid = fd - FILES;
      const stat = `${pid} (service-${pid}) S 1 ${'0 '.repeat(17)}${pid} 0\n`;
      return Buffer.from(buffer.buffer, buffer.byteOffset).write(stat, 'latin1');
    },
    lseek(_fd, offset) {
      position = Math.max(0, offset - FIRST_OFFSET);
      return offset;
    },
    getdents64(_fd, buffer, length) {
      let at = 0;
      for (; at + RECORD_LENGTH <= length && position < FIRST_FD + each; at += RECORD_LENGTH) {
        buffer.fill(0, at, at + RECORD_LENGTH);
        buffer[at + 16] = RECORD_LENGTH;
        writeNumber(buffer, at + NAME_OFFSET, position++);
      }
      return at;
    },
    readlinkat(folder, path, buffer) {
      const end = path.indexOf(0);
      const start = path.lastIndexOf(SLASH, end) + 1;
      const pid =
        folder === AT_FDCWD ? readNumber(path, path.lastIndexOf(SLASH, start - 5) + 1, start - 4) : folder - FOLDERS;
      const fd = readNumber(path, start, end);
      if (fd < FIRST_FD) {
        buffer.set(PIPE);
        return PIPE.length;
      }
      const inode = fd < FIRST_FD + each ? inodes[(pid - FIRST_PID) * each + fd - FIRST_FD] : undefined;
      if (inode === undefined) return -1;
      buffer.set(SOCKET);
      const length = writeNumber(buffer, SOCKET.length, inode);
      buffer[length] = 0x5d;
      return length + 1;
    },
    close: () => 0,
  };
}

/** Decimal digits between two positions. */
function readNumber(source: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + source[at]! - ZERO;
  return value;
}

/** Writes decimal digits and returns their end. */
function writeNumber(target: Uint8Array, start: number, value: number): number {
  let divisor = 1;
  while (value / divisor >= 10) divisor *= 10;
  let at = start;
  for (; divisor >= 1; divisor /= 10) target[at++] = ZERO + (Math.floor(value / divisor) % 10);
  return at;
}
