import type { UnitResolver } from '../../platform.ts';
import { type CgroupMount, findCgroupMount, ROOT_CGROUP_ID } from './cgroup-mount.ts';
import { walkCgroups } from './cgroup-walk.ts';
import { unitOfPath } from './unit-name.ts';

/** Names cgroups, and tells where in the tree they are. */
export interface CgroupNames extends UnitResolver {
  /** Path of a cgroup by its id; undefined if unknown. */
  pathOf(groupId: bigint): string | undefined;
}

/** Limits that end a walk before it delays the scrape. */
const MAX_DIRECTORIES = 20_000;
const MAX_WALK_MS = 500;
/** A scrape asks for all its ids at once, so with this pause there is at most one walk per scrape. */
const WALK_PAUSE_MS = 1000;
/** How long an id that a walk did not find causes no new walk: sockets keep the ids of removed cgroups. */
const MISS_LIFETIME_MS = 60_000;
/** Most names and misses remembered; then all are dropped and found again. */
const MAX_REMEMBERED = 20_000;

/**
 * Names cgroup ids by the inode numbers of the cgroup2 directories: the kernel uses the same number for both, and never
 * reuses it. An unknown id causes a walk of the tree; open_by_handle_at() would need no walk, but CAP_DAC_READ_SEARCH.
 * Undefined if no cgroup2 is mounted.
 */
export function createUnitResolver(
  mounts: { readonly procfs: string; readonly sysfs: string },
  now: () => number = () => performance.now(),
): CgroupNames | undefined {
  const mount = findCgroupMount(mounts.procfs, mounts.sysfs);
  return mount === undefined ? undefined : resolveBelow(mount, now);
}

function resolveBelow(mount: CgroupMount, now: () => number): CgroupNames {
  const limits = { directories: MAX_DIRECTORIES, milliseconds: MAX_WALK_MS, now };
  /** Answers so far; they stay after the cgroup is gone, as its sockets may. */
  const names = new Map<bigint, string>();
  /** Ids that a walk did not find, and ids requested since the last walk. */
  const misses = new Set<bigint>();
  const pending = new Set<bigint>();
  let paths: ReadonlyMap<bigint, string> = new Map();
  let lastWalkMs = Number.NEGATIVE_INFINITY;

  return { source: 'cgroupfs', nameOf, pathOf };

  function nameOf(groupId: bigint): string | undefined {
    const known = names.get(groupId);
    if (known !== undefined) return known;
    const path = pathOf(groupId);
    if (path === undefined) return undefined;
    const name = unitOfPath(path);
    if (names.size >= MAX_REMEMBERED) names.clear();
    names.set(groupId, name);
    return name;
  }

  function pathOf(groupId: bigint): string | undefined {
    if (groupId === 0n) return undefined;
    if (!paths.has(groupId)) walkWhenDue(groupId);
    const path = paths.get(groupId);
    // the root of a container's own view shows as "/", but is not the host's root cgroup
    return path === '/' && groupId !== ROOT_CGROUP_ID ? undefined : path;
  }

  function walkWhenDue(groupId: bigint): void {
    pending.add(groupId);
    if (now() < lastWalkMs + (misses.has(groupId) ? MISS_LIFETIME_MS : WALK_PAUSE_MS)) return;
    const found = walkCgroups(mount.directory, mount.cgroup, limits);
    const keepsOld = !found.isComplete && paths.size < 2 * MAX_DIRECTORIES;
    paths = keepsOld ? new Map([...paths, ...found.paths]) : found.paths;
    lastWalkMs = now();
    if (misses.size >= MAX_REMEMBERED) misses.clear();
    for (const id of pending) if (!paths.has(id)) misses.add(id);
    pending.clear();
  }
}
