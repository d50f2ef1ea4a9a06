import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { findCgroupMount } from '../../../src/platform/linux/cgroups/cgroup-mount.ts';

const BASE = `tcpstate-test-${process.pid}`;

const mount = process.platform === 'linux' ? findCgroupMount('/proc', '/sys') : undefined;

/** They cannot be made without root, or where they are mounted read-only. */
export function missingCgroups(): string | undefined {
  const reason = 'skipped: needs a cgroup2 mount that may be written';
  if (mount === undefined) return reason;
  const probe = join(mount.directory, `${BASE}-probe`);
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return undefined;
  } catch {
    return reason;
  }
}

/**
 * Cgroups below one of the test's own, parents first. Returns the directory of the one with that last name. What ends the processes in them
 * is to be registered with `t.after` before.
 */
export function makeGroups(t: TestContext, ...names: string[]): (name: string) => string {
  const paths = ['', ...names].map((name) => join(mount!.directory, BASE, name));
  for (const path of paths) mkdirSync(path);
  t.after(async () => {
    await delay(200); // until the processes in them are gone
    for (const path of paths.toReversed()) rmdirSync(path);
  });
  return (name) => paths.find((path) => path.endsWith(`/${name}`))!;
}

/** A launcher for a process in that cgroup. */
export function inGroup(directory: string): string[] {
  return ['sh', '-ec', 'echo $$ > "$0/cgroup.procs"; exec "$@"', directory];
}
