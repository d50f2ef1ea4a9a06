import { existsSync } from 'node:fs';
import { unescapeOctal } from '../procfs/mount-text.ts';
import { ownFile, readOptionalFile } from '../procfs/proc-file.ts';
import { inodeOf } from './cgroup-walk.ts';

/** Inode number of the cgroup2 root, which is also the cgroup id of a socket created in it (kernfs numbers from 1). */
export const ROOT_CGROUP_ID = 1n;

/** A place where the cgroup2 tree, or a part of it, can be walked. */
export interface CgroupMount {
  readonly directory: string;
  /** The cgroup path of `directory`; `/` also if only a cgroup namespace makes it look so. */
  readonly cgroup: string;
  /** How many levels the mount's root is above that of our cgroup namespace; NaN if it is beside it. */
  readonly climbs: number;
}

/**
 * The cgroup2 mount that shows most: one of the real root, else the first of those below `sysfs` (`fs/cgroup`, or
 * `fs/cgroup/unified` in systemd's hybrid layout), else any in mountinfo. Undefined if there is none: cgroup v1 only.
 */
export function findCgroupMount(procfs: string, sysfs: string): CgroupMount | undefined {
  const usual = [`${sysfs}/fs/cgroup`, `${sysfs}/fs/cgroup/unified`];
  const mounted = parseCgroupMounts(readOptionalFile(ownFile(procfs, 'mountinfo')) ?? '');
  const candidates = [
    ...usual.map(
      (directory) => mounted.find((mount) => mount.directory === directory) ?? { directory, cgroup: '/', climbs: 0 },
    ),
    ...mounted,
  ].filter((mount) => existsSync(`${mount.directory}/cgroup.controllers`)); // only cgroup2 directories have it
  return candidates.find((mount) => inodeOf(mount.directory) === ROOT_CGROUP_ID) ?? candidates[0];
}

/** The cgroup2 mounts in a /proc/PID/mountinfo (proc_pid_mountinfo(5)); skips lines of any other form. */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const match = /^\d+ \d+ \d+:\d+ (\/\S*) (\/\S*) .*? - cgroup2 /.exec(line);
    if (match === null) return [];
    const root = unescapeOctal(match[1]!);
    // outside our cgroup namespace the kernel prints /../.., which names no cgroup
    const isAbove = root.includes('/..');
    const climbs = /^(?:\/\.\.)+$/.test(root) ? root.length / '/..'.length : isAbove ? Number.NaN : 0;
    return [{ directory: unescapeOctal(match[2]!), cgroup: isAbove ? '/' : root, climbs }];
  });
}
