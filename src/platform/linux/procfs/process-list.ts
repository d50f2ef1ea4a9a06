import { readdirSync } from 'node:fs';
import { unreadable } from './proc-file.ts';

/** The pids that procfs shows, without threads; with hidepid=2 only those of our user. */
export function listPids(procfs: string): number[] {
  try {
    return readdirSync(procfs).filter(isPid).map(Number);
  } catch (error) {
    throw unreadable(procfs, error);
  }
}

/** Lists them once in a scrape, for all who ask with its budget. */
export function createPidList(procfs: string): (budget: object) => readonly number[] {
  let last: { readonly budget: object; readonly pids: readonly number[] } | undefined;
  return (budget) => {
    if (last?.budget !== budget) last = { budget, pids: listPids(procfs) };
    return last.pids;
  };
}

function isPid(name: string): boolean {
  const first = name.charCodeAt(0);
  return first >= 0x30 && first <= 0x39;
}
