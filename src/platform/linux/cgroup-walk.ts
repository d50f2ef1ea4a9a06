import { readdirSync, statSync } from 'node:fs';
import { isMissing } from './proc-file.ts';

/** What a walk may cost. */
export interface WalkLimits {
  readonly directories: number;
  readonly milliseconds: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface CgroupPaths {
  /** Inode number of each directory, which is the cgroup's id, → path of the cgroup. */
  readonly paths: Map<bigint, string>;
  /** False when a limit ended the walk; what lies deepest is then missing. */
  readonly isComplete: boolean;
}

/** Walks the directories below one, level by level. `cgroup`: the cgroup path of `directory`. */
export function walkCgroups(directory: string, cgroup: string, limits: WalkLimits): CgroupPaths {
  const paths = new Map<bigint, string>();
  const endMs = limits.now() + limits.milliseconds;
  const base = cgroup === '/' ? '' : cgroup;
  const queue = [''];
  for (let next = 0; next < queue.length; next++) {
    if (paths.size >= limits.directories || limits.now() > endMs) return { paths, isComplete: false };
    const below = queue[next]!;
    const id = inodeOf(directory + below);
    if (id === undefined) continue;
    paths.set(id, base + below || '/');
    for (const name of subdirectories(directory + below)) queue.push(`${below}/${name}`);
  }
  return { paths, isComplete: true };
}

/** Undefined when there is no such directory, or no longer: cgroups come and go while one walks. */
export function inodeOf(directory: string): bigint | undefined {
  return statSync(directory, { bigint: true, throwIfNoEntry: false })?.ino;
}

function subdirectories(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (isGone(error)) return [];
    throw new Error(`cannot list ${directory}`, { cause: error });
  }
}

/** Removed since it was listed, or closed to this user (its sockets then stay unnamed). */
function isGone(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return isMissing(error) || code === 'ENODEV' || code === 'EACCES';
}
