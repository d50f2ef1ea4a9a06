import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of all threads of a process so far, user and system. The scheduler counts it in nanoseconds. */
export function cpuMilliseconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ran = threads.map((thread) => Number(readSchedstat(pid, thread).split(' ')[0]));
  return ran.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6;
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
  const megabytes = (field: string) =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM'), anonymous: megabytes('RssAnon') };
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
