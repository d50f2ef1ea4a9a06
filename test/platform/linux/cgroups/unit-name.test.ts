import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { unitOfPath } from '../../../../src/platform/linux/cgroups/unit-name.ts';

const ID = '3f4e8a1b9c0d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f';
const SHORT = '3f4e8a1b9c0d';
const OUTER = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
const POD = 'pod3d1f8c5e_7a9b_4c2d_8e1f_0a1b2c3d4e5f';
const UUID = '8f14e45f-ceea-467f-a8d9-1b2c3d4e5f60';
const PODS = `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-${POD}.slice`;

const CASES: Readonly<Record<string, readonly (readonly [path: string, unit: string])[]>> = {
  'systemd services and scopes': [
    ['/system.slice/nginx.service', 'nginx.service'],
    ['/system.slice/system-postgresql.slice/postgresql@15-main.service', 'postgresql@15-main.service'],
    ['/system.slice/dev-disk\\x2dA.service', 'dev-disk-A.service'],
    ['/system.slice/caf\\xc3\\xa9.service', 'café.service'],
    ['/system.slice/_cpu.service', 'cpu.service'],
    ['/system.slice/a\\x1b[31m\\xe2\\x80\\xaeb.service', 'a\\x1b[31m\\u202eb.service'],
    ['/system.slice/two\nlines.service', 'two\\x0alines.service'],
    ['/init.scope', 'init.scope'],
    ['/system.slice/run-u42.service', 'run-u42.service'],
    ['/system.slice/shop.socket', 'shop.socket'],
    ['/system.slice/system-sshd.slice/sshd.socket', 'sshd.socket'],
    ['/user.slice/user-1000.slice/user@1000.service/app.slice/_cpu.socket', 'cpu.socket'],
    ['/system.slice/mnt-data.mount', 'mnt-data.mount'],
    ['/system.slice/nginx.service/worker', 'nginx.service'],
  ],
  'user sessions': [
    ['/user.slice/user-1000.slice/session-3.scope', 'session-3.scope'],
    ['/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo.service', 'app-foo.service'],
    ['/user.slice/user-1000.slice/user@1000.service/init.scope', 'user@1000.service'],
    ['/user.slice/user-1000.slice/user@1000.service/session.slice/pipewire.service', 'pipewire.service'],
    [`/user.slice/user-0.slice/user@0.service/app.slice/vte-spawn-${UUID}.scope`, 'vte-spawn.scope'],
  ],
  Docker: [
    [`/system.slice/docker-${ID}.scope`, SHORT],
    [`/docker/${ID}`, SHORT],
    [`/docker/${ID}/init`, SHORT],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${ID}.scope`, SHORT],
    [`/ecs/0a1b2c3d4e5f60718293a4b5c6d7e8f9/${ID}`, SHORT],
    [`/system.slice/docker-${OUTER}.scope/system.slice/nginx.service`, '001122334455/nginx.service'],
    ['/system.slice/docker.service', 'docker.service'],
  ],
  Kubernetes: [
    [`/${PODS}/cri-containerd-${ID}.scope`, SHORT],
    [`/${PODS}/crio-${ID}.scope`, SHORT],
    [`/${PODS}/crio-${ID}.scope/container`, SHORT],
    [`/${PODS}/crio-conmon-${ID}.scope`, `conmon-${SHORT}`],
    [`/${PODS}/docker-${ID}.scope`, SHORT],
    [`/kubepods/burstable/pod3d1f8c5e-7a9b-4c2d-8e1f-0a1b2c3d4e5f/${ID}`, SHORT],
    [`/kubepods/besteffort/pod3d1f8c5e-7a9b-4c2d-8e1f-0a1b2c3d4e5f/crio-${ID}`, SHORT],
    [`/system.slice/containerd.service/kubepods-burstable-${POD}.slice:cri-containerd:${ID}`, SHORT],
    [`/system.slice/docker-${OUTER}.scope/kubelet.slice/kubelet-${PODS}/cri-containerd-${ID}.scope`, SHORT],
    [`/docker/${OUTER}/kubelet.slice/kubelet.service`, '001122334455/kubelet.service'],
    [`/${PODS}`, `kubepods-burstable-${POD}.slice`],
  ],
  Podman: [
    [`/machine.slice/libpod-${ID}.scope`, SHORT],
    [`/machine.slice/libpod-${ID}.scope/container`, SHORT],
    [`/machine.slice/libpod-conmon-${ID}.scope`, `conmon-${SHORT}`],
    [`/libpod_parent/libpod-${ID}`, SHORT],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`, SHORT],
    [`/system.slice/web.service/libpod-payload-${ID}`, 'web.service'],
    ['/system.slice/web.service/runtime', 'web.service'],
    [`/libpod-payload-${ID}`, SHORT],
  ],
  containerd: [
    [`/default/${ID}`, SHORT],
    [`/system.slice/nerdctl-${ID}.scope`, SHORT],
    ['/default/redis', '/default/redis'],
  ],
  'LXC, nspawn, libvirt': [
    ['/lxc.payload.web', 'web'],
    ['/lxc.payload.web/system.slice/nginx.service', 'web/nginx.service'],
    ['/lxc.payload.web/init.scope', 'web/init.scope'],
    ['/lxc.monitor.web', 'lxc.monitor.web'],
    ['/lxc/101/ns/system.slice/sshd.service', '101/sshd.service'],
    ['/lxc/101', '101'],
    ['/machine.slice/machine-deb\\x2d12.scope/payload/system.slice/cron.service', 'machine-deb-12.scope/cron.service'],
    ['/machine.slice/machine-deb\\x2d12.scope/supervisor', 'machine-deb-12.scope'],
    [
      '/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service',
      'systemd-nspawn@web.service/nginx.service',
    ],
    ['/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator', 'machine-qemu-1-vm.scope'],
    [`/lxc.payload.web/system.slice/docker-${ID}.scope`, SHORT],
  ],
  Snap: [
    ['/system.slice/snap.lxd.daemon.service', 'snap.lxd.daemon.service'],
    [
      `/user.slice/user-1000.slice/user@1000.service/app.slice/snap.firefox.firefox-${UUID}.scope`,
      'snap.firefox.firefox.scope',
    ],
  ],
  'none of these': [
    ['/', '/'],
    ['', '/'],
    ['/system.slice', 'system.slice'],
    ['/user.slice/user-1000.slice', 'user-1000.slice'],
    ['/batch/worker', '/batch/worker'],
    ['/lxc', '/lxc'],
    [`/short/${ID.slice(1)}`, `/short/${ID.slice(1)}`],
  ],
};

for (const [kind, cases] of Object.entries(CASES)) {
  test(`names ${kind}`, () => {
    assert.deepEqual(
      cases.map(([path]) => [path, unitOfPath(path)]),
      cases,
    );
  });
}

test('has a name for an LXC cgroup that has none itself', () => {
  assert.equal(unitOfPath('/lxc.payload.'), '/lxc.payload.');
  assert.equal(unitOfPath('/lxc.payload./init.scope'), 'init.scope');
});

test('keeps the end of a long name', () => {
  const name = unitOfPath(`/${'deep/'.repeat(100)}end`);
  assert.equal(name.length, 120);
  assert.match(name, /^….*deep\/end$/);
});

test('gives any path a name of at most 120 characters, quickly', () => {
  const part = fc.constantFrom(
    '/',
    '-',
    ID,
    '.scope',
    '.service',
    'lxc',
    'docker-',
    '\\x',
    '\\x2d',
    '_',
    'é',
    '\n',
    'conmon-',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 40 }), (parts) => {
      const name = unitOfPath(`/${parts.join('')}`);
      assert.ok(name.length > 0 && name.length <= 120);
    }),
    { numRuns: 3000 },
  );
  const start = performance.now();
  for (const piece of ['-', '\\x2d', '-0a1b2c3d', '0123456789ab', '/', 'a-b_c:'])
    unitOfPath(`/${piece.repeat(4000)}.scope`);
  assert.ok(performance.now() - start < 1000);
});
