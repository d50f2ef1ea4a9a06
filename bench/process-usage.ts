import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of all threads of a process so far, user and system. The scheduler counts it in nanoseconds. */
export function cpuMilliseconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ran = threads.map((thread) => Number(readSchedstat(pid, thread).split(' ')[0]));
  return ran.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6;
}

/** CPU time of the thread that a process began with. */
export function mainThreadMilliseconds(pid: number): number {
  return Number(readSchedstat(pid, String(pid)).split(' ')[0]) / 1e6;
}

/** Memory of a process in MB (10⁶ bytes). */
export interface ProcessMemory {
  /** Resident now, and the most that ever was. */
  readonly now: number;
  readonly peak: number;
  /** Resident now and the process's alone; the rest is pages of files, which others use too and the kernel may drop. */
  readonly anonymous: number;
}

export function memoryOf(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const megabytes = (field: string) => megabytesOf(status, field);
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM'), anonymous: megabytes('RssAnon') };
}

/** What is mapped and resident of a process, in MB. */
export interface MappedMemory {
  readonly anonymous: number;
  /** Pages of files, which the kernel may drop. */
  readonly file: number;
  /** All of it, where a page that n processes map counts 1/n. */
  readonly proportional: number;
}

export function mappedMemoryOf(pid: number): MappedMemory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const anonymous = megabytesOf(text, 'Anonymous');
  return { anonymous, file: megabytesOf(text, 'Rss') - anonymous, proportional: megabytesOf(text, 'Pss') };
}

/** A line `Field:  123 kB` of a file in /proc. */
function megabytesOf(text: string, field: string): number {
  return (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024) / 1e6;
}

/** Number of open descriptors. */
export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function readSchedstat(pid: number, thread: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '0'; // a thread that has just ended
    throw error;
  }
}
