import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findCgroupMount, ROOT_CGROUP_ID } from '../../../../src/platform/linux/cgroups/cgroup-mount.ts';
import { createUnitResolver } from '../../../../src/platform/linux/cgroups/cgroups.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';

const LISTENER = `const { createServer } = require('node:net');
createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;

const mount = process.platform === 'linux' ? findCgroupMount('/proc', '/sys') : undefined;

test('names the group that the kernel says a real socket was made in', async (t) => {
  const name = `tcpstate-test-${process.pid}.service`;
  const directory = makeGroup(name);
  if (mount === undefined || directory === undefined) return t.skip('needs a cgroup2 mount that may be written');
  t.after(() => rmdirSync(directory));
  const listener = await listenIn(t, directory);
  const units = createUnitResolver({ procfs: '/proc', sysfs: '/sys' });
  const id = statSync(directory, { bigint: true }).ino;

  assert.equal(cgroupOf(listener.port), `${mount.cgroup === '/' ? '' : mount.cgroup}/${name}`);
  assert.equal(units?.nameOf(id), name);
  await listener.stop();
});

test('the id of a socket is the inode number of its group', async (t) => {
  const directory = makeGroup(`tcpstate-test-${process.pid}.scope`);
  if (mount === undefined || directory === undefined) return t.skip('needs a cgroup2 mount that may be written');
  const listener = await listenIn(t, directory);
  const id = statSync(directory, { bigint: true }).ino;
  writeFileSync(join(mount.directory, 'cgroup.procs'), String(listener.pid));
  rmdirSync(directory);

  // of a group that is gone ss prints the number itself
  assert.equal(cgroupOf(listener.port), `unreachable:${id.toString(16)}`);
  await listener.stop();
});

test('the root group has the id 1', (t) => {
  if (mount === undefined || rootIdOf(mount.directory) !== ROOT_CGROUP_ID) {
    return t.skip('needs the whole cgroup2 tree mounted');
  }
  assert.equal(createUnitResolver({ procfs: '/proc', sysfs: '/sys' })?.nameOf(1n), '/');
});

test('prefers the mount of the whole tree to a part of it', (t) => {
  if (mount === undefined || rootIdOf(mount.directory) !== ROOT_CGROUP_ID) {
    return t.skip('needs the whole cgroup2 tree mounted');
  }
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'fs/cgroup'), { recursive: true });
  writeFileSync(join(folder, 'fs/cgroup/cgroup.controllers'), '');
  mkdirSync(join(folder, 'self'));
  writeFileSync(join(folder, 'self/mountinfo'), `31 22 0:26 / ${mount.directory} rw - cgroup2 cgroup2 rw\n`);
  assert.equal(findCgroupMount(folder, folder)?.directory, mount.directory);
});

/** Undefined where this user may not make one. */
function makeGroup(name: string): string | undefined {
  if (mount === undefined) return undefined;
  const directory = join(mount.directory, name);
  try {
    mkdirSync(directory);
    return directory;
  } catch {
    return undefined; // no root, or mounted read-only: the test is skipped
  }
}

/** A process that joins the group before it makes a listening socket. */
async function listenIn(t: TestContext, directory: string) {
  const script = `echo $$ > "$1/cgroup.procs" && exec "$2" -e "$3"`;
  const child = spawn('sh', ['-c', script, 'sh', directory, process.execPath, LISTENER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  t.after(stop);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(line), pid: child.pid!, stop };
}

function rootIdOf(directory: string): bigint {
  return statSync(directory, { bigint: true }).ino;
}

function cgroupOf(port: number): string | undefined {
  const output = execFileSync('ss', ['-tlnH', '--cgroup', `sport = :${port}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return /cgroup:(\S+)/.exec(output)?.[1];
}
