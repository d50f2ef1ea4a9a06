import type { CgroupView } from '../cgroups/cgroup-view.ts';
import { readWhole } from '../procfs/proc-file.ts';
import type { NamespaceProcess } from './namespace-processes.ts';
import { type CgroupIdentity, parseProcessCgroup } from './process-cgroup.ts';

/** Files read per scrape for processes not asked before; each takes about 10 µs. */
const MOST_READS = 500;
/** Of a process that ended: it belongs nowhere. */
const GONE = '';
/** Most different texts remembered; then all are parsed again. */
const MOST_REMEMBERED = 10_000;

/** What the cgroups of processes tell. Remembers each process's for as long as `NamespaceProcess` is valid. `view`: absent = paths are as they are read. */
export function createCgroupReader(procfs: string, view?: Pick<CgroupView, 'fromTop'>) {
  const parsed = new Map<string, CgroupIdentity>();
  let left = MOST_READS;

  return { startScrape, of, readAgain };

  function startScrape(): void {
    left = MOST_READS;
  }

  /** Undefined if there is no time for it now. */
  function of(process: NamespaceProcess): CgroupIdentity | undefined {
    if (process.cgroup === undefined && left > 0) readAgain(process);
    return process.cgroup === undefined ? undefined : parse(process.cgroup);
  }

  /** Returns whether it is the same as before, or the first time. */
  function readAgain(process: NamespaceProcess): boolean {
    left--;
    const before = process.cgroup;
    process.cgroup = readText(process.folder) ?? GONE;
    return before === undefined || process.cgroup === before;
  }

  function readText(folder: string): string | undefined {
    try {
      return readWhole(`${procfs}/${folder}/cgroup`);
    } catch {
      return undefined; // it has ended
    }
  }

  function parse(text: string): CgroupIdentity {
    const known = parsed.get(text);
    if (known !== undefined) return known;
    if (parsed.size >= MOST_REMEMBERED) parsed.clear();
    const identity = parseProcessCgroup(view?.fromTop(text) ?? text);
    parsed.set(text, identity);
    return identity;
  }
}
