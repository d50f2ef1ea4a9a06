import { readdirSync } from 'node:fs';
import type { Libc } from '../libc/libc.ts';
import { readNamespaceDepth } from '../procfs/namespace.ts';

/** enum kcmp_type of include/uapi/linux/kcmp.h. */
const KCMP_FILES = 2;

/** The threads of processes, and which of them have a table of descriptors of their own: unshare(CLONE_FILES). */
export interface ThreadTables {
  /** The numbers of all threads, ascending; none of a process that has ended. */
  threadsOf(pid: number): readonly number[];
  /** Whether two threads use the same table; also true where that cannot be told, as of one that has ended. */
  isSame(tid: number, other: number): boolean;
}

/**
 * Nothing in procfs says which threads share a table, but kcmp(2) does; it takes what reading the links of /proc/PID/fd
 * takes. Undefined where the kernel has no such call (CONFIG_KCMP), or a mount of procfs has other numbers than it.
 */
export function openThreadTables({ kcmp }: Libc, procfs: string): ThreadTables | undefined {
  if (kcmp?.(process.pid, process.pid, KCMP_FILES) !== 0 || readNamespaceDepth(procfs) !== 0) return undefined;
  return {
    threadsOf(pid) {
      try {
        return readdirSync(`${procfs}/${pid}/task`)
          .map(Number)
          .sort((a, b) => a - b);
      } catch {
        return []; // it has ended, or procfs hides it
      }
    },
    isSame: (tid, other) => kcmp(tid, other, KCMP_FILES) <= 0,
  };
}
