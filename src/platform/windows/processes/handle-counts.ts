import type { ProcessFds } from '../../../model/socket-counts.ts';
import type { Kernel32 } from '../dll/kernel32.ts';
import { withProcess } from './process-handle.ts';

/** Processes per scrape whose handles are counted. */
const MOST_PROCESSES = 2000;

/** Open handles, per process name the largest number. Windows has no limit to compare it with. */
export function readHandleCounts(kernel32: Kernel32, processes: ReadonlyMap<number, string>): readonly ProcessFds[] {
  const largest = new Map<string, number>();
  const count = new Uint32Array(1);
  for (const [pid, name] of [...processes].slice(0, MOST_PROCESSES)) {
    const isRead = withProcess(kernel32, pid, (process) => kernel32.getProcessHandleCount(process, count));
    if (isRead && count[0]! > (largest.get(name) ?? 0)) largest.set(name, count[0]!);
  }
  return Array.from(largest, ([process, open]) => ({ process, open, limit: undefined }));
}
