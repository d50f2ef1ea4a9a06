import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { isSinceKernel } from '../../../../src/platform/linux/libc/kernel-release.ts';
import { readShowsHostProcesses } from '../../../../src/platform/linux/procfs/namespace.ts';

const SOURCES = new URL('../../../../src/platform/linux/procfs/', import.meta.url).href;
const canUnshare = spawnSync('unshare', ['-m', '-n', '-p', '--fork', 'true']).status === 0;
const unshared = { skip: !canUnshare && 'needs "unshare -m -n -p": root, or a user namespace' };
const linux = { skip: process.platform !== 'linux' && 'needs Linux' };

test('a worker thread reads files about itself', linux, async () => {
  const code = `const { parentPort } = require('node:worker_threads');
    const { dirname } = require('node:path');
    const { readlinkSync } = require('node:fs');
    import('tsx/esm/api')
      .then(({ tsImport }) => tsImport('./proc-file.ts', '${SOURCES}'))
      .then(({ ownFile }) => parentPort.postMessage(readlinkSync(dirname(ownFile('/proc', 'net')))));`;
  const worker = new Worker(code, { eval: true });
  const link = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  assert.match(String(link), new RegExp(`^${process.pid}/task/\\d+$`));
  assert.notEqual(link, readlinkSync('/proc/thread-self'));
});

test("a host's procfs mounted in a container shows the container's own counters", unshared, () => {
  // the host's /proc stays at $1, while /proc is that of the new pid namespace, as in a container
  const script = `mount --rbind /proc "$1" && mount -t proc proc /proc && ip link set lo up && ${inNode(`
    const { readSnmp } = await import('${SOURCES}proc-snmp.ts');
    const { createServer, connect } = await import('node:net');
    const { once } = await import('node:events');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    await once(connect(server.address().port, '127.0.0.1'), 'connect');
    console.log(JSON.stringify([readSnmp('/proc'), readSnmp(process.env.HOST_PROC)]));
    process.exit();
  `)}`;
  const [inside, through] = runInNamespaces(script);
  assert.equal(inside?.activeOpens, 1);
  assert.deepEqual(through, inside);
});

test('a procfs mounted with subset=pid has the files about ourselves', unshared, () => {
  const script = `mount -t proc -o subset=pid proc "$1" && ${inNode(`
    const { readSnmp } = await import('${SOURCES}proc-snmp.ts');
    console.log(JSON.stringify([readSnmp(process.env.HOST_PROC)]));
  `)}`;
  assert.equal(runInNamespaces(script)[0]?.activeOpens, 0);
});

test('PID 1 of a container is not taken for the host', unshared, () => {
  const script = `mount -t proc proc /proc && ${inNode(`
    const { readNamespaces } = await import('${SOURCES}namespace.ts');
    const { readlinkSync } = await import('node:fs');
    const isOwnInit = readlinkSync('/proc/1/ns/net') === readlinkSync('/proc/self/ns/net');
    const onOldKernel = readNamespaces('/proc', { procfs: '/proc', kernelRelease: '6.12.0' });
    console.log(JSON.stringify([{ isOwnInit }, onOldKernel, readNamespaces('/proc')]));
  `)}`;
  const [{ isOwnInit }, onOldKernel, here] = runInNamespaces(script) as [Record<string, unknown>, unknown, unknown];
  assert.equal(isOwnInit, true);
  assert.deepEqual(onOldKernel, { isHostPid: false });
  const isSince618 = isSinceKernel(release(), 6, 18);
  assert.deepEqual(here, { isHostPid: false, ...(isSince618 && { isHostNetwork: false }) });
});

test("a host's procfs mounted in a container shows the host's processes", unshared, () => {
  const script = `mount --rbind /proc "$1" && mount -t proc proc /proc && ${inNode(`
    const { readShowsHostProcesses } = await import('${SOURCES}namespace.ts');
    const isHost = (procfs) => readShowsHostProcesses(procfs) ?? 'unknown';
    console.log(JSON.stringify([{ own: isHost('/proc'), hosts: isHost(process.env.HOST_PROC) }]));
  `)}`;
  const [shown] = runInNamespaces(script);
  const mayLookAtInit = spawnSync('readlink', ['/proc/1/ns/pid']).status === 0;
  const isHostHere = readShowsHostProcesses('/proc');
  assert.deepEqual(shown, { own: false, hosts: mayLookAtInit ? isHostHere : 'unknown' });
});

function inNode(code: string): string {
  return `HOST_PROC="$1" ${process.execPath} --import tsx --input-type=module -e '${code.replaceAll("'", `'"'"'`)}'`;
}

function runInNamespaces(script: string): Record<string, unknown>[] {
  const shell = `folder=$(mktemp -d) && set -- "$folder" && trap 'umount -l "$1" 2>/dev/null; rmdir "$1"' EXIT; ${script}`;
  const output = execFileSync('unshare', ['-m', '-n', '-p', '--fork', 'sh', '-c', shell], { encoding: 'utf8' });
  return JSON.parse(output);
}
