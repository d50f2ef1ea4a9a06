import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { directoryOf } from '../../../../src/platform/linux/cgroups/cgroup-path.ts';

describe('directoryOf', () => {
  const unknown = () => undefined;
  const mount = { directory: '/sys/fs/cgroup', cgroup: '/', climbs: 0 };

  it('finds a cgroup below the mount, in hybrid layouts too', () => {
    assert.equal(directoryOf(mount, '0::/system.slice/a.service\n', unknown), '/sys/fs/cgroup/system.slice/a.service');
    assert.equal(directoryOf(mount, '2:cpu:/x\n1:name=systemd:/y\n0::/z\n', unknown), '/sys/fs/cgroup/z');
    assert.equal(directoryOf(mount, '0::/\n', unknown), '/sys/fs/cgroup');
  });

  it('finds it from a cgroup namespace where the whole tree is mounted', () => {
    const whole = { directory: '/host/sys/fs/cgroup', cgroup: '/', climbs: 3 };
    assert.equal(
      directoryOf(whole, '0::/../../../system.slice/a.service\n', unknown),
      '/host/sys/fs/cgroup/system.slice/a.service',
    );
    assert.equal(directoryOf(whole, '0::/../../../\n', unknown), '/host/sys/fs/cgroup');
    assert.equal(directoryOf({ ...whole, climbs: Number.NaN }, '0::/../../../x\n', unknown), undefined);
  });

  it('finds a cgroup beside or below our own, if it is known where that is', () => {
    const whole = { directory: '/host', cgroup: '/', climbs: 2 };
    const first = (levels: number) => ['', '/a.slice', '/a.slice/b.scope'][levels];
    assert.equal(directoryOf(whole, '0::/../c.service\n', first), '/host/a.slice/c.service');
    assert.equal(directoryOf(whole, '0::/..\n', first), '/host/a.slice');
    assert.equal(directoryOf(whole, '0::/\n', first), '/host/a.slice/b.scope');
    assert.equal(directoryOf(whole, '0::/init\n', first), '/host/a.slice/b.scope/init');
    assert.equal(directoryOf(whole, '0::/../c.service\n', unknown), undefined);
    assert.equal(directoryOf(whole, '0::/\n', unknown), undefined);
  });

  it('takes a name that begins with two dots for a name', () => {
    assert.equal(directoryOf(mount, '0::/..a\n', unknown), '/sys/fs/cgroup/..a');
  });

  it('knows which part of the tree is mounted', () => {
    const part = { directory: '/mnt', cgroup: '/docker/abc', climbs: 0 };
    assert.equal(directoryOf(part, '0::/docker/abc/x\n', unknown), '/mnt/x');
    assert.equal(directoryOf(part, '0::/docker/abc\n', unknown), '/mnt');
    assert.equal(directoryOf(part, '0::/docker/abcd/x\n', unknown), undefined);
    assert.equal(directoryOf(part, '0::/../docker/abc/x\n', unknown), undefined);
  });

  it('has no answer with cgroup v1 only', () => {
    assert.equal(directoryOf(mount, '2:cpu:/x\n1:name=systemd:/y\n', unknown), undefined);
  });
});
