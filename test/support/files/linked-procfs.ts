import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** What the collectors read about their own process; links that mean whoever follows them. */
const LINKED = [
  'sys',
  'self/status',
  'self/mountinfo',
  'self/smaps',
  'self/net/netstat',
  'self/net/snmp',
  'self/net/sockstat',
  'self/net/tcp',
  'self/net/tcp6',
];

/** A folder for `--path.procfs` whose files are the real ones, until a test puts others in their place. */
export function createLinkedProcfs(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-procfs-'));
  const pipes: string[] = [];
  t.after(() => {
    for (const pipe of pipes) release(pipe);
    rmSync(folder, { recursive: true, force: true });
  });
  mkdirSync(join(folder, 'self/net'), { recursive: true });
  for (const name of LINKED) symlinkSync(`/proc/${name}`, join(folder, name));

  return { folder, remove, mend, block };

  function remove(name: string): void {
    rmSync(join(folder, name));
  }

  /** The real file again. */
  function mend(name: string): void {
    symlinkSync(`/proc/${name}`, join(folder, 'new'));
    renameSync(join(folder, 'new'), join(folder, name));
  }

  /** Whoever opens the file from now on hangs in the kernel, until the test is over: a pipe that nobody writes to. */
  function block(name: string): void {
    const pipe = join(folder, `pipe${pipes.length}`);
    const { status, stderr } = spawnSync('mkfifo', [pipe], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`mkfifo: ${stderr}`);
    pipes.push(pipe);
    linkSync(pipe, join(folder, 'new'));
    renameSync(join(folder, 'new'), join(folder, name));
  }
}

/** Lets those go on who wait for a writer. */
function release(pipe: string): void {
  try {
    closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error; // nobody waits
  }
}
