import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  createNamespaceReader,
  isInitialUserNamespace,
  readNamespaces,
} from '../../../../src/platform/linux/procfs/namespace.ts';
import { temporaryFolder } from './fake-procfs.ts';

const HOST_PIDS = 'pid:[4026531836]';
const OLD = '6.12.57-rt14';

test('compares our network namespace with that of PID 1', (t) => {
  const init = { '1/ns/pid': HOST_PIDS, '1/ns/net': 'net:[4026531840]' };
  assert.equal(isHostNetwork(t, 'net:[4026531840]', init), true);
  assert.equal(isHostNetwork(t, 'net:[4026532245]', init), false);
});

test('cannot tell where PID 1 is closed to this process or missing', (t) => {
  assert.equal(isHostNetwork(t, 'net:[4026531840]', {}), undefined);
  assert.equal(isHostNetwork(t, 'net:[4026531840]', { '1/ns/pid': HOST_PIDS }), undefined);
  assert.equal(isHostNetwork(t, undefined, { '1/ns/pid': HOST_PIDS, '1/ns/net': 'net:[4026531840]' }), undefined);
});

test('does not take the first process of a container for the host', (t) => {
  const init = { '1/ns/pid': 'pid:[4026532300]', '1/ns/net': 'net:[4026532245]' };
  assert.equal(isHostNetwork(t, 'net:[4026532245]', init), undefined);
  assert.equal(isHostNetwork(t, 'net:[4026532245]', { '1/ns/net': 'net:[4026532245]' }), undefined);
});

test('knows the first network namespace of Linux 6.18 by its number', (t) => {
  assert.equal(isHostNetwork(t, 'net:[4026531833]', {}, '6.18.0'), true);
  assert.equal(isHostNetwork(t, 'net:[4026531833]', {}, OLD), true); // of a vendor who took it over
});

test('takes any other number for a container since Linux 6.18, whatever is seen of PID 1', (t) => {
  for (const release of ['6.18.0', '6.18-rc3', '6.19.2-arch1', '7.0.0'])
    assert.equal(isHostNetwork(t, 'net:[4026531840]', {}, release), false, release);
  for (const release of [OLD, '6.17.9', '5.19.0', '4.18.0-553.el8'])
    assert.equal(isHostNetwork(t, 'net:[4026531840]', {}, release), undefined, release);
});

test('sees the processes that the mount shows, as its PID 1 tells', (t) => {
  const container = { 'own/self/ns/pid': 'pid:[4026532300]' };
  assert.equal(isHostPid(t, { ...container, '1/ns/pid': HOST_PIDS }, 'NSpid:\t812\t1\n'), true);
  assert.equal(isHostPid(t, { ...container, '1/ns/pid': 'pid:[4026532300]' }, 'NSpid:\t1\n'), false);
});

test('without a look at PID 1 tells by itself where it is', (t) => {
  const [host, container] = [{ 'own/self/ns/pid': HOST_PIDS }, { 'own/self/ns/pid': 'pid:[4026532300]' }];
  assert.equal(isHostPid(t, host, 'NSpid:\t812\n'), true);
  assert.equal(isHostPid(t, container, 'NSpid:\t1\n'), false);
  // the mount is that of a namespace around ours, which may be a container in its turn
  assert.equal(isHostPid(t, container, 'NSpid:\t812\t1\n'), undefined);
  // before Linux 4.1, or a mount that does not show us
  assert.equal(isHostPid(t, container, 'Name:\tnode\n'), undefined);
  assert.equal(isHostPid(t, host, undefined), undefined);
  assert.equal(isHostPid(t, {}, 'NSpid:\t1\n'), undefined);
});

test('does not look again for what cannot change, and takes a status file that cannot be read for one that does not tell', (t) => {
  const folder = folderOf(t, { 'own/self/ns/pid': HOST_PIDS });
  const read = createNamespaceReader(folder, { procfs: join(folder, 'own'), kernelRelease: OLD });
  mkdirSync(join(folder, 'self/status'), { recursive: true }); // EISDIR
  assert.deepEqual(read(), {});
  rmdirSync(join(folder, 'self/status'));
  writeFileSync(join(folder, 'self/status'), 'NSpid:\t7\n');
  assert.deepEqual(read(), { isHostPid: true });
  rmSync(join(folder, 'self/status'));
  assert.deepEqual(read(), { isHostPid: true });
});

test('names the link that cannot be read for another reason', (t) => {
  const procfs = temporaryFolder(t);
  mkdirSync(join(procfs, '1/ns'), { recursive: true });
  writeFileSync(join(procfs, '1/ns/pid'), '');
  assert.throws(() => readNamespaces(procfs, { procfs, kernelRelease: OLD }), {
    message: `cannot read ${procfs}/1/ns/pid: EINVAL`,
  });
});

test('knows the first user namespace by its number, and any other file for none', (t) => {
  for (const [link, isInitial] of [
    ['user:[4026531837]', true],
    ['user:[4026532500]', false],
    [undefined, false],
  ] as const) {
    const procfs = temporaryFolder(t);
    mkdirSync(join(procfs, 'thread-self/ns'), { recursive: true });
    if (link !== undefined) symlinkSync(link, join(procfs, 'thread-self/ns/user'));
    assert.equal(isInitialUserNamespace(procfs), isInitial);
  }
  const odd = temporaryFolder(t);
  mkdirSync(join(odd, 'thread-self/ns'), { recursive: true });
  writeFileSync(join(odd, 'thread-self/ns/user'), '');
  assert.equal(isInitialUserNamespace(odd), false);
});

function isHostNetwork(
  t: TestContext,
  own: string | undefined,
  links: Record<string, string>,
  kernelRelease = OLD,
): boolean | undefined {
  const folder = folderOf(t, { ...(own !== undefined && { 'own/thread-self/ns/net': own }), ...links });
  return readNamespaces(folder, { procfs: join(folder, 'own'), kernelRelease }).isHostNetwork;
}

/** `status`: what the mount has of us. */
function isHostPid(t: TestContext, links: Record<string, string>, status: string | undefined): boolean | undefined {
  const folder = folderOf(t, links);
  if (status !== undefined) {
    mkdirSync(join(folder, 'self'));
    writeFileSync(join(folder, 'self/status'), status);
  }
  return readNamespaces(folder, { procfs: join(folder, 'own'), kernelRelease: OLD }).isHostPid;
}

function folderOf(t: TestContext, links: Record<string, string>): string {
  const folder = temporaryFolder(t);
  for (const [name, target] of Object.entries(links)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    symlinkSync(target, join(folder, name));
  }
  return folder;
}
