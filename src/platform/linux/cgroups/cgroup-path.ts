import type { CgroupMount } from './cgroup-mount.ts';

/** The first levels, from the root of the mount, of the path to the root of our own cgroup namespace; undefined if not known. */
export type PathToOwnRoot = (levels: number) => string | undefined;

/** The cgroup2 directory of a process; undefined if it lies outside the mount, or nobody can say where. */
export function directoryOf(mount: CgroupMount, text: string, pathToOwnRoot: PathToOwnRoot): string | undefined {
  const path = pathFromTop(mount, text, pathToOwnRoot);
  const base = mount.cgroup === '/' ? '' : mount.cgroup;
  if (path === undefined || !`${path}/`.startsWith(`${base}/`)) return undefined;
  return mount.directory + path.slice(base.length);
}

/** The line of cgroup2 in a /proc/PID/cgroup (cgroups(7)), and its path. */
export const CGROUP2 = /^0::(\/.*)$/m;
const CLIMBS = /^(?:\/\.\.(?=\/|$))*/;

/** A cgroup as our own cgroup namespace shows it: so many levels up from its root, then down this path. */
export interface SeenCgroup {
  readonly climbs: number;
  readonly below: string;
}

/** The cgroup2 of a process; undefined if there is only cgroup v1. */
export function parseCgroup2(text: string): SeenCgroup | undefined {
  const path = CGROUP2.exec(text)?.[1];
  if (path === undefined) return undefined;
  const above = CLIMBS.exec(path)![0];
  return { climbs: above.length / '/..'.length, below: path.slice(above.length).replace(/\/$/, '') };
}

/**
 * Empty for the root. The path in the text starts at the root of our own cgroup namespace: one that goes up less far than the root of the
 * mount is stays below a cgroup that it does not name.
 */
export function pathFromTop({ climbs }: CgroupMount, text: string, pathToOwnRoot: PathToOwnRoot): string | undefined {
  const seen = parseCgroup2(text);
  if (seen === undefined) return undefined;
  const levels = climbs - seen.climbs;
  const above = levels === 0 ? '' : levels > 0 ? pathToOwnRoot(levels) : undefined;
  return above === undefined ? undefined : above + seen.below;
}
