import { readFileSync } from 'node:fs';

export const NOBODY = 65_534;

/** Puts the program below a mount of its own: the folders above it may be closed to nobody. */
export function asNobody(capabilities: readonly string[]): string[] {
  const sets = ['-all', ...capabilities.map((name) => `+${name}`)].join();
  const user = `--reuid=${NOBODY} --regid=${NOBODY} --clear-groups --no-new-privs`;
  const script = `root=$(dirname "$(dirname "$2")"); node=$1; shift 2; mount --bind "$root" /mnt
    exec setpriv ${user} --bounding-set=${sets} --inh-caps=${sets} --ambient-caps=${sets} "$node" /mnt/dist/main.js "$@"`;
  return ['unshare', '-m', 'sh', '-ec', script, 'sh'];
}

/** `unshare -r` makes a user namespace that has root only. */
export function missingUsers(): string | undefined {
  if (/^\s*0\s+0\s+[1-9]\d{5,}/m.test(readFileSync('/proc/self/uid_map', 'utf8'))) return undefined;
  return 'skipped: needs root, to become other users';
}
