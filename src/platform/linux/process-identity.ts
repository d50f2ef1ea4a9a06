import type { Libc } from './libc.ts';

const O_RDONLY_CLOEXEC = 0o2000000;
/** /proc/PID/stat is one line of about 300 bytes; the name in it is at most 64 (kernel threads; 15 for others). */
const BUFFER_LENGTH = 1024;
/** Fields behind the comm in /proc/PID/stat (man 5 proc): state is number 3, start time number 22. */
const FIELDS_BEFORE_START_TIME = 22 - 3;

/** What makes a process the same one as before: pids are used again. */
export interface ProcessIdentity {
  /** Clock ticks since boot. */
  readonly startTime: number;
  /** comm of the thread group's leader: at most 15 characters, bytes that are no UTF-8 replaced. */
  readonly name: string;
}

/** Reads /proc/PID/stat. The answer is undefined when there is no such process (any more). */
export function createIdentityReader(libc: Libc, procfs: string): (pid: number) => ProcessIdentity | undefined {
  const buffer = Buffer.alloc(BUFFER_LENGTH);
  return function readIdentity(pid) {
    const fd = libc.open(Buffer.from(`${procfs}/${pid}/stat\0`), O_RDONLY_CLOEXEC);
    if (fd < 0) return undefined;
    const length = libc.read(fd, buffer, BUFFER_LENGTH);
    libc.close(fd);
    return length > 0 ? parseStat(buffer.toString('utf8', 0, length)) : undefined;
  };
}

/** `123 (name) S 1 …` → identity. The name may hold parentheses and spaces: it ends at the last closing one. */
export function parseStat(text: string): ProcessIdentity | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const startTime = Number(text.slice(close + 2).split(' ')[FIELDS_BEFORE_START_TIME]);
  return Number.isFinite(startTime) ? { startTime, name: text.slice(open + 1, close) } : undefined;
}
