import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import type { Libc } from '../libc/libc.ts';

const O_RDONLY_CLOEXEC = 0o2000000;
const AT_FDCWD = -100;
/** /proc/PID/stat is one line of about 300 bytes; the name in it is at most 64 (kernel threads; 15 for others). */
const BUFFER_LENGTH = 1024;
/** Positions after the comm in /proc/PID/stat (man 5 proc): the state, which is field 3, has position 0. */
const STATE = 0;
const THREADS = 20 - 3;
const START_TIME = 22 - 3;
const ARG_START = 48 - 3;
/** Since version 24 Node.js names its first thread, and so the process, like this: no name for a service. */
const NODE_MAIN_THREAD = 'MainThread';
/** Characters of a comm. */
const LONGEST_NAME = 15;
const ENDED_STATES = new Set(['Z', 'X', 'x']);

/** What identifies a process (the kernel reuses pids), its name, and where its descriptors are. */
export interface ProcessIdentity {
  /** Clock ticks since boot. */
  readonly startTime: number;
  /**
   * comm of the thread group's leader: at most 15 characters, invalid UTF-8 replaced. For a program in Node.js 24: the
   * file name of the program.
   */
  readonly name: string;
  /** Address of its command line, where it differs after each exec(); 0 if we may not read it. */
  readonly argStart: number;
  readonly threadCount: number;
  /** Folder below procfs that holds `fd`. */
  readonly folder: string;
  /** Of a thread: when it started itself. */
  readonly threadStart?: number | undefined;
}

/** Reads who has this pid now; with a thread's number, the process as that thread sees it: with the thread's folder. */
export type ReadIdentity = (pid: number, tid?: number) => ProcessIdentity | undefined;

/** The content of /proc/PID/stat. */
export interface ProcessStat {
  readonly startTime: number;
  readonly name: string;
  readonly argStart: number;
  readonly threadCount: number;
  /** The first thread has ended while others run: /proc/PID/fd is empty then. */
  readonly isLeaderGone: boolean;
}

/** Reads /proc/PID/stat. Undefined if the process or thread does not exist (any more), or is hidden from us. */
export function createIdentityReader(libc: Libc, procfs: string): ReadIdentity {
  const buffer = Buffer.alloc(BUFFER_LENGTH);

  return function readIdentity(pid, tid) {
    const stat = readStat(String(pid));
    if (stat === undefined) return undefined;
    const { startTime, argStart, threadCount, isLeaderGone } = stat;
    const name = (stat.name === NODE_MAIN_THREAD && readProgramName(pid)) || stat.name;
    const identity = { startTime, argStart, name, threadCount };
    if (tid === undefined) return { ...identity, folder: isLeaderGone ? folderOfOtherThread(pid) : String(pid) };
    const folder = folderOfThread(pid, tid);
    const threadStart = readStat(folder)?.startTime;
    return threadStart === undefined ? undefined : { ...identity, folder, threadStart };
  };

  function readStat(folder: string): ProcessStat | undefined {
    const fd = libc.open(Buffer.from(`${procfs}/${folder}/stat\0`), O_RDONLY_CLOEXEC);
    if (fd < 0) return undefined;
    const length = libc.read(fd, buffer, BUFFER_LENGTH);
    libc.close(fd);
    return length > 0 ? parseStat(buffer.toString('utf8', 0, length)) : undefined;
  }

  /** The file name of the program; undefined if we may not read it. */
  function readProgramName(pid: number): string | undefined {
    const path = Buffer.from(`${procfs}/${pid}/exe\0`);
    const length = libc.readlinkat(AT_FDCWD, path, buffer, BUFFER_LENGTH);
    if (length <= 0) return undefined;
    return basename(buffer.toString('utf8', 0, length))
      .replace(/ \(deleted\)$/, '')
      .slice(0, LONGEST_NAME);
  }

  /** The folder of a thread that still runs; most share the descriptors of the ended one. */
  function folderOfOtherThread(pid: number): string {
    const tid = threadsOf(pid).find((id) => id !== String(pid));
    return tid === undefined ? String(pid) : folderOfThread(pid, Number(tid));
  }

  function threadsOf(pid: number): string[] {
    try {
      return readdirSync(`${procfs}/${pid}/task`);
    } catch {
      return []; // the last thread has ended too
    }
  }
}

function folderOfThread(pid: number, tid: number): string {
  return `${pid}/task/${tid}`;
}

/** `123 (name) S 1 …`. The name may contain anything, also parentheses and spaces: it ends at the last closing one. */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  const startTime = Number(fields[START_TIME]);
  if (fields.length <= START_TIME || !Number.isFinite(startTime)) return undefined;
  const threadCount = Number(fields[THREADS]) || 1;
  const isLeaderGone = ENDED_STATES.has(fields[STATE]!) && threadCount > 1;
  const argStart = Number(fields[ARG_START] ?? 0) || 0;
  return { startTime, name: text.slice(open + 1, close), argStart, threadCount, isLeaderGone };
}
