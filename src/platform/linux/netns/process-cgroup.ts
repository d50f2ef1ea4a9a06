import { type PodAndContainer, podOfPath } from '../cgroups/pod-of-path.ts';
import { unitOfPath } from '../cgroups/unit-name.ts';

/** What the cgroup of a process tells about its namespace. */
export interface CgroupIdentity extends PodAndContainer {
  /** Unit, or container in short form; undefined if the process is in the root cgroup. */
  readonly unit: string | undefined;
}

/**
 * The content of /proc/PID/cgroup (cgroups(7)). With cgroup v1, or both versions, the tree that has a pod or container counts, else
 * cgroup2, else that of systemd.
 */
export function parseProcessCgroup(text: string): CgroupIdentity {
  const paths = [...text.matchAll(/^(\d+):([^:\n]*):(\/.*)$/gm)].map(([, hierarchy, controllers, path]) => ({
    rank: hierarchy === '0' ? 2 : controllers === 'name=systemd' ? 1 : 0,
    path: path!,
  }));
  const found = paths
    .map(({ rank, path }) => ({ rank, path, ...podOfPath(path) }))
    .sort((a, b) => worthOf(b) - worthOf(a))[0];
  if (found === undefined) return { podUid: undefined, containerId: undefined, unit: undefined };
  const { path, podUid, containerId } = found;
  return { podUid, containerId, unit: isRoot(path) ? undefined : unitOfPath(path) };
}

function worthOf({ rank, path, podUid, containerId }: PodAndContainer & { rank: number; path: string }): number {
  if (podUid !== undefined || containerId !== undefined) return (podUid === undefined ? 8 : 16) + rank;
  return isRoot(path) || rank === 0 ? 0 : 4 + rank;
}

/** Outside our own cgroup namespace a path begins with as many `..` as it is away. */
function isRoot(path: string): boolean {
  return /^\/(?:\.\.\/?)*$/.test(path);
}
