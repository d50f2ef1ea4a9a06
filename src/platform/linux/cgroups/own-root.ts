import { ownFile, readOptionalFile, readWhole } from '../procfs/proc-file.ts';
import type { CgroupMount } from './cgroup-mount.ts';
import { parseCgroup2 } from './cgroup-path.ts';
import { subdirectories } from './cgroup-walk.ts';

/** Limits of a search, which lists the directories above the own one and reads a file in each beside it. */
const MOST_DIRECTORIES = 20_000;
const MOST_MS = 500;
/** A search that found nothing is not repeated sooner. */
const PAUSE_MS = 60_000;

/**
 * Finds the root of our own cgroup namespace in a mount that shows more (of the host, in a container). No file names it: it lies above
 * the directory whose `cgroup.procs` has us.
 */
export function createOwnRoot(
  procfs: string,
  now: () => number,
  pid: number,
): (mount: CgroupMount, levels: number) => string | undefined {
  let names: readonly string[] = [];
  let pauseEndMs = Number.NEGATIVE_INFINITY;

  return function pathToOwnRoot(mount, levels) {
    if (names.length < levels && now() >= pauseEndMs) {
      pauseEndMs = now() + PAUSE_MS;
      names = search(mount) ?? names;
    }
    return names.length < levels ? undefined : pathOf(names.slice(0, levels));
  };

  /** We may be beside or above that root, if somebody moved us: then the last names are not known. */
  function search({ directory, climbs }: CgroupMount): readonly string[] | undefined {
    const own = parseCgroup2(readOptionalFile(ownFile(procfs, 'cgroup')) ?? '');
    if (own === undefined) return undefined;
    const endMs = now() + MOST_MS;
    let found: (readonly string[])[] = [[]];
    for (let level = own.climbs; level < climbs; level++) {
      if (found.length > MOST_DIRECTORIES || now() > endMs) return undefined;
      found = found.flatMap((above) => subdirectories(directory + pathOf(above)).map((name) => [...above, name]));
    }
    return found.find((each) => now() <= endMs && holdsUs(directory + pathOf(each) + own.below));
  }

  function holdsUs(directory: string): boolean {
    try {
      return `\n${readWhole(`${directory}/cgroup.procs`)}`.includes(`\n${pid}\n`);
    } catch {
      return false; // there is no such directory, or we may not read it
    }
  }
}

function pathOf(names: readonly string[]): string {
  return names.map((name) => `/${name}`).join('');
}
