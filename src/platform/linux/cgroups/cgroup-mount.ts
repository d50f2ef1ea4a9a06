import { existsSync } from 'node:fs';
import { ownFile, readOptionalFile } from '../procfs/proc-file.ts';
import { inodeOf } from './cgroup-walk.ts';

/** Inode number of the cgroup2 root, and so the id of a socket made in it (kernfs numbers from 1). */
export const ROOT_CGROUP_ID = 1n;

/** Where the cgroup2 tree, or a part of it, can be walked. */
export interface CgroupMount {
  readonly directory: string;
  /** The cgroup path of `directory`; `/` also where only a cgroup namespace makes it look so. */
  readonly cgroup: string;
}

/**
 * The cgroup2 mount that shows most: one of the real root, else the first of those below `sysfs` (`fs/cgroup`, or
 * `fs/cgroup/unified` in systemd's hybrid layout), else any in mountinfo. Undefined without one: cgroup v1 only.
 */
export function findCgroupMount(procfs: string, sysfs: string): CgroupMount | undefined {
  const usual = [`${sysfs}/fs/cgroup`, `${sysfs}/fs/cgroup/unified`];
  const mounted = parseCgroupMounts(readOptionalFile(ownFile(procfs, 'mountinfo')) ?? '');
  const candidates = [
    ...usual.map((directory) => mounted.find((mount) => mount.directory === directory) ?? { directory, cgroup: '/' }),
    ...mounted,
  ].filter((mount) => existsSync(`${mount.directory}/cgroup.controllers`)); // every cgroup2 directory has it, no other
  return candidates.find((mount) => inodeOf(mount.directory) === ROOT_CGROUP_ID) ?? candidates[0];
}

/** The cgroup2 mounts of a /proc/PID/mountinfo (proc_pid_mountinfo(5)); lines of any other form are passed over. */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const match = /^\d+ \d+ \d+:\d+ (\/\S*) (\/\S*) .*? - cgroup2 /.exec(line);
    if (match === null) return [];
    const root = unescapeOctal(match[1]!);
    // outside our cgroup namespace the kernel prints /../..: nothing that names a cgroup
    return [{ directory: unescapeOctal(match[2]!), cgroup: root.includes('/..') ? '/' : root }];
  });
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
