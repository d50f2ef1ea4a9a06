import { type CgroupMount, findCgroupMount } from './cgroup-mount.ts';
import { CGROUP2, directoryOf, parseCgroup2, pathFromTop } from './cgroup-path.ts';
import { createOwnRoot } from './own-root.ts';

/** Where no cgroup2 is mounted, it is not searched for sooner: a node with pods has a thousand mounts, and each process would cost a search. */
const PAUSE_MS = 60_000;

/** Where processes are in the tree of cgroups. `text`: of their /proc/PID/cgroup, read by this process. */
export interface CgroupView {
  /**
   * The cgroup2 directory. `outside`: it is not in the mount, or nobody can say where. Undefined if the text has none, or no cgroup2 is
   * mounted. Throws if the mounts cannot be read now.
   */
  directoryOf(text: string): string | 'outside' | undefined;
  /** The text with the cgroup2 path from the root of the mount; as it is, where that cannot be told. */
  fromTop(text: string): string;
}

/** `pid`: of this process. */
export function createCgroupView(
  mounts: { readonly procfs: string; readonly sysfs: string },
  now: () => number = () => performance.now(),
  pid = process.pid,
): CgroupView {
  const findOwnRoot = createOwnRoot(mounts.procfs, now, pid);
  let mount: CgroupMount | undefined;
  let searchedMs = Number.NEGATIVE_INFINITY;
  const findMount = () => {
    if (mount === undefined && now() - searchedMs >= PAUSE_MS) {
      mount = findCgroupMount(mounts.procfs, mounts.sysfs);
      searchedMs = now();
    }
    return mount;
  };

  return {
    directoryOf(text) {
      const found = findMount();
      if (found === undefined || parseCgroup2(text) === undefined) return undefined;
      return directoryOf(found, text, (levels) => findOwnRoot(found, levels)) ?? 'outside';
    },
    fromTop(text) {
      try {
        const found = findMount();
        const path = found && pathFromTop(found, text, (levels) => findOwnRoot(found, levels));
        return path === undefined ? text : text.replace(CGROUP2, () => `0::${path || '/'}`);
      } catch {
        return text; // the collector of units says why the mounts cannot be read
      }
    },
  };
}
