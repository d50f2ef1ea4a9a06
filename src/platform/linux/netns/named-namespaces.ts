import { toPrintable } from '../../../model/printable-text.ts';
import { unescapeOctal } from '../procfs/mount-text.ts';
import { readOptionalFile } from '../procfs/proc-file.ts';

/** A namespace that `ip netns add` made is mounted here (ip-netns(8)); so are those that CNI made for pods, by an id. */
const MOUNT = / net:\[(\d{1,15})\] (?:\/var)?\/run\/netns\/(\S+) .*- nsfs /;

/** Names in /run/netns by the number of their namespace, of all mounts that the first process sees. Empty if it is not ours to see. */
export function readNamedNamespaces(procfs: string): ReadonlyMap<number, string> {
  try {
    return parseNamedNamespaces(readOptionalFile(`${procfs}/1/mountinfo`) ?? '');
  } catch {
    return new Map(); // hidepid, or a kernel without it: the namespaces of processes have other names
  }
}

/** The nsfs mounts of a /proc/PID/mountinfo (proc_pid_mountinfo(5)). Of several names the first in the alphabet counts. */
export function parseNamedNamespaces(mountinfo: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  let end = 0;
  for (let at = mountinfo.indexOf(' net:['); at >= 0; at = mountinfo.indexOf(' net:[', end)) {
    end = mountinfo.indexOf('\n', at);
    if (end < 0) end = mountinfo.length;
    const [, inum, escaped] = MOUNT.exec(mountinfo.slice(at, end)) ?? [];
    if (inum === undefined) continue;
    const name = toPrintable(unescapeOctal(escaped!));
    const known = names.get(Number(inum));
    if (known === undefined || name < known) names.set(Number(inum), name);
  }
  return names;
}

/** The number in `net:[…]`, as a link in /proc/PID/ns has it. */
export function parseInum(link: string): number | undefined {
  const number = /^net:\[(\d{1,15})\]$/.exec(link)?.[1];
  return number === undefined ? undefined : Number(number);
}
