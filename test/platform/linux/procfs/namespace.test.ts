import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readIsHostNamespace } from '../../../../src/platform/linux/procfs/namespace.ts';
import { temporaryFolder } from './fake-procfs.ts';

const HOST_PIDS = 'pid:[4026531836]';

test('compares our namespace with that of PID 1', (t) => {
  const init = { '1/ns/pid': HOST_PIDS, '1/ns/net': 'net:[4026531840]' };
  assert.equal(isHost(t, 'net:[4026531840]', init), true);
  assert.equal(isHost(t, 'net:[4026532245]', init), false);
});

test('cannot tell where PID 1 is closed to this process or missing', (t) => {
  assert.equal(isHost(t, 'net:[4026531840]', {}), undefined);
  assert.equal(isHost(t, 'net:[4026531840]', { '1/ns/pid': HOST_PIDS }), undefined);
  assert.equal(isHost(t, undefined, { '1/ns/pid': HOST_PIDS, '1/ns/net': 'net:[4026531840]' }), undefined);
});

test('does not take the first process of a container for the host', (t) => {
  const init = { '1/ns/pid': 'pid:[4026532300]', '1/ns/net': 'net:[4026532245]' };
  assert.equal(isHost(t, 'net:[4026532245]', init), undefined);
  assert.equal(isHost(t, 'net:[4026532245]', { '1/ns/net': 'net:[4026532245]' }), undefined);
});

test('knows the first network namespace of Linux 6.18 by its number', (t) => {
  assert.equal(isHost(t, 'net:[4026531833]', {}), true);
});

test('names the link that cannot be read for another reason', (t) => {
  const procfs = temporaryFolder(t);
  mkdirSync(join(procfs, '1/ns'), { recursive: true });
  writeFileSync(join(procfs, '1/ns/pid'), '');
  assert.throws(() => readIsHostNamespace(procfs, procfs), { message: `cannot read ${procfs}/1/ns/pid: EINVAL` });
});

function isHost(t: TestContext, own: string | undefined, links: Record<string, string>): boolean | undefined {
  const folder = temporaryFolder(t);
  const ownLink = own === undefined ? {} : { 'own/thread-self/ns/net': own };
  for (const [name, target] of Object.entries({ ...ownLink, ...links })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    symlinkSync(target, join(folder, name));
  }
  return readIsHostNamespace(folder, join(folder, 'own'));
}
