import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createCgroupView } from '../../../../src/platform/linux/cgroups/cgroup-view.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';

const PID = 77;
const BESIDE = '0::/../sshd.service\n';

describe('createCgroupView', () => {
  it('finds who is beside, above and below us by the directory that has us', (t) => {
    const { view, cgroup } = createHost(t, { own: '/', climbs: 2, directory: 'system.slice/docker-1.scope' });
    assert.equal(view.directoryOf(BESIDE), join(cgroup, 'system.slice/sshd.service'));
    assert.equal(view.fromTop(BESIDE), '0::/system.slice/sshd.service\n');
    assert.equal(view.fromTop('4:cpu:/../x\n0::/../..\n'), '4:cpu:/../x\n0::/\n');
    assert.equal(view.fromTop('0::/init\n'), '0::/system.slice/docker-1.scope/init\n');
    assert.equal(view.directoryOf('0::/../../../above\n'), 'outside');
    assert.equal(view.fromTop('0::/../../../above\n'), '0::/../../../above\n');
  });

  it('finds it from a cgroup below the root of our namespace, or beside it', (t) => {
    const below = createHost(t, { own: '/init', climbs: 2, directory: 'system.slice/docker-1.scope/init' });
    assert.equal(below.view.fromTop(BESIDE), '0::/system.slice/sshd.service\n');
    const beside = createHost(t, { own: '/../moved', climbs: 2, directory: 'system.slice/moved' });
    assert.equal(beside.view.fromTop(BESIDE), '0::/system.slice/sshd.service\n');
    assert.equal(beside.view.directoryOf('0::/init\n'), 'outside', 'nobody knows what our root is called');
  });

  it('says that it does not know, and looks again after a while', (t) => {
    const host = createHost(t, { own: '/', climbs: 2, directory: 'system.slice/docker-1.scope' });
    writeFileSync(join(host.cgroup, 'system.slice/docker-1.scope/cgroup.procs'), '7\n777\n');
    assert.equal(host.view.directoryOf(BESIDE), 'outside');
    assert.equal(host.view.fromTop(BESIDE), BESIDE);
    writeFileSync(join(host.cgroup, 'system.slice/docker-1.scope/cgroup.procs'), `7\n${PID}\n`);
    assert.equal(host.view.directoryOf(BESIDE), 'outside');
    host.clock.ms += 60_000;
    assert.equal(host.view.directoryOf(BESIDE), join(host.cgroup, 'system.slice/sshd.service'));
  });

  it('does not go through the mounts for each process where there is no cgroup2, and sees later that there is', (t) => {
    const host = createHost(t, { own: '/', climbs: 2, directory: 'system.slice/docker-1.scope' });
    const file = join(host.cgroup, 'cgroup.controllers');
    rmSync(file);
    assert.equal(host.view.fromTop(BESIDE), BESIDE);
    writeFileSync(file, '');
    host.clock.ms += 59_999;
    assert.deepEqual([host.view.fromTop(BESIDE), host.view.directoryOf(BESIDE)], [BESIDE, undefined]);
    host.clock.ms += 1;
    assert.equal(host.view.fromTop(BESIDE), '0::/system.slice/sshd.service\n');
  });

  it('leaves a text as it is without a cgroup namespace, without cgroup2, and where the mounts cannot be read', (t) => {
    const { view } = createHost(t, { own: '/system.slice/a', climbs: 0, directory: 'system.slice/a' });
    assert.equal(view.fromTop('0::/x\n'), '0::/x\n');
    assert.equal(view.directoryOf('2:cpu:/x\n'), undefined);
    const without = createCgroupView({ procfs: temporaryFolder(t), sysfs: temporaryFolder(t) });
    assert.deepEqual([without.fromTop(BESIDE), without.directoryOf(BESIDE)], [BESIDE, undefined]);
    const broken = temporaryFolder(t);
    mkdirSync(join(broken, 'self/mountinfo'), { recursive: true });
    assert.equal(createCgroupView({ procfs: broken, sysfs: broken }).fromTop(BESIDE), BESIDE);
  });
});

/** A tree of cgroups mounted `climbs` levels above the root of our namespace; we are in `directory`, and see that as `own`. */
function createHost(t: TestContext, { own, climbs, directory }: { own: string; climbs: number; directory: string }) {
  const [procfs, sysfs] = [temporaryFolder(t), temporaryFolder(t)];
  const cgroup = join(sysfs, 'fs/cgroup');
  const files = {
    [`${cgroup}/cgroup.controllers`]: '',
    [`${cgroup}/system.slice/sshd.service/cgroup.procs`]: `${PID}0\n`,
    [`${cgroup}/${directory}/cgroup.procs`]: `1\n${PID}\n`,
    [`${procfs}/thread-self/cgroup`]: `0::${own}\n`,
    [`${procfs}/thread-self/mountinfo`]: `30 23 0:26 ${'/..'.repeat(climbs) || '/'} ${cgroup} rw - cgroup2 cgroup2 rw\n`,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const clock = { ms: 0 };
  return { cgroup, clock, view: createCgroupView({ procfs, sysfs }, () => clock.ms, PID) };
}
