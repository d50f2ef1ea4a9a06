import { readdirSync, statSync } from 'node:fs';
import { isMissing, unreadable } from '../procfs/proc-file.ts';

/** The limits of a walk. */
export interface WalkLimits {
  readonly directories: number;
  readonly milliseconds: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface CgroupPaths {
  /** Inode number of each directory, which is the cgroup's id, → path of the cgroup. */
  readonly paths: ReadonlyMap<bigint, string>;
  /** False if a limit ended the walk; the deepest directories are then missing. */
  readonly isComplete: boolean;
}

/** A directory without subdirectories has two links: its name and its own `.`. */
const LINKS_OF_A_LEAF = 2n;

/** Walks the directories below one, level by level. `cgroup`: the cgroup path of `directory`. */
export function walkCgroups(directory: string, cgroup: string, limits: WalkLimits): CgroupPaths {
  const paths = new Map<bigint, string>();
  const endMs = limits.now() + limits.milliseconds;
  const base = cgroup === '/' ? '' : cgroup;
  const queue = [''];
  for (let next = 0; next < queue.length; next++) {
    if (paths.size >= limits.directories || limits.now() > endMs) return { paths, isComplete: false };
    const below = queue[next]!;
    const status = statDirectory(directory + below);
    if (status === undefined) continue;
    paths.set(status.ino, base + below || '/');
    // a cgroup's directory has dozens of files, and most cgroups are leaves: no need to list those
    if (status.nlink === LINKS_OF_A_LEAF) continue;
    for (const name of subdirectories(directory + below)) queue.push(`${below}/${name}`);
  }
  return { paths, isComplete: true };
}

/** The inode number of a directory; undefined if it does not exist. */
export function inodeOf(directory: string): bigint | undefined {
  return statDirectory(directory)?.ino;
}

function statDirectory(directory: string) {
  return statSync(directory, { bigint: true, throwIfNoEntry: false });
}

/** The names of the directories in one; none if it is gone, or closed to this user. */
export function subdirectories(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (isGoneOrClosed(error)) return [];
    throw unreadable(directory, error);
  }
}

/** Cgroups come and go during a walk. One that this user may not read leaves its sockets without a name. */
function isGoneOrClosed(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return isMissing(error) || code === 'ENODEV' || code === 'EACCES';
}
