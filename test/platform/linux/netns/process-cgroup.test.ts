import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseContainerLog, parsePodFolder } from '../../../../src/platform/linux/netns/kubelet-logs.ts';
import { parseNamedNamespaces } from '../../../../src/platform/linux/netns/named-namespaces.ts';
import { parseProcessCgroup } from '../../../../src/platform/linux/netns/process-cgroup.ts';

const ID = '3f4e8a1b9c0d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f';
const OUTER = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
const UID = '3d1f8c5e-7a9b-4c2d-8e1f-0a1b2c3d4e5f';
const OTHER_UID = '99999999-7a9b-4c2d-8e1f-0a1b2c3d4e5f';
const STATIC_UID = '8f14e45fceea467fa8d91b2c3d4e5f60';
const SLICE = `kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice`;
const SHORT = '3f4e8a1b9c0d';

const CASES: readonly (readonly [
  text: string,
  podUid: string | undefined,
  containerId: string | undefined,
  unit?: string,
])[] = [
  [`0::/kubepods.slice/kubepods-burstable.slice/${SLICE}/cri-containerd-${ID}.scope`, UID, ID, SHORT],
  [`0::/kubepods.slice/kubepods-burstable.slice/${SLICE}/crio-${ID}.scope/container`, UID, ID, SHORT],
  [`0::/kubepods/besteffort/pod${UID}/${ID}`, UID, ID, SHORT],
  [`0::/kubepods/besteffort/pod${STATIC_UID}/${ID}`, STATIC_UID, ID, SHORT],
  [`0::/system.slice/containerd.service/${SLICE}:cri-containerd:${ID}`, UID, ID, SHORT],
  // from a container with a cgroup namespace of its own
  [`0::/../../${SLICE}/cri-containerd-${ID}.scope`, UID, ID, SHORT],
  // kind: a node that is a container itself
  [`0::/docker/${OUTER}/kubelet.slice/kubelet-${SLICE}/cri-containerd-${ID}.scope`, UID, ID, SHORT],
  // a container that names its own cgroups as if they were another pod's, and Docker in a pod
  [`0::/kubepods.slice/${SLICE}/cri-containerd-${ID}.scope/pod${OTHER_UID}/${OUTER}`, UID, ID],
  [`0::/kubepods.slice/${SLICE}/cri-containerd-${ID}.scope/docker/${OUTER}`, UID, ID],
  // cgroup v1, and both
  [`11:memory:/kubepods/burstable/pod${UID}/${ID}\n1:name=systemd:/kubepods/burstable/pod${UID}/${ID}`, UID, ID, SHORT],
  [`4:cpu:/docker/${ID}\n0::/system.slice/containerd.service`, undefined, ID, SHORT],
  ['9:name=systemd:/system.slice/a.service\n8:pids:/system.slice/b.service\n0::/', undefined, undefined, 'a.service'],
  ['0::/system.slice/a.service\n9:name=systemd:/system.slice/b.service', undefined, undefined, 'a.service'],
  [`0::/system.slice/docker-${ID}.scope`, undefined, ID, SHORT],
  [`0::/machine.slice/libpod-${ID}.scope/container`, undefined, ID, SHORT],
  [`0::/machine.slice/libpod-conmon-${ID}.scope`, undefined, undefined, `conmon-${SHORT}`],
  ['0::/lxc.payload.web/system.slice/nginx.service', undefined, undefined, 'web/nginx.service'],
  ['0::/system.slice/report.service', undefined, undefined, 'report.service'],
  ['0::/', undefined, undefined],
  ['0::/../..', undefined, undefined],
  ['', undefined, undefined],
];

for (const [text, podUid, containerId, unit] of CASES) {
  test(`${JSON.stringify(text).slice(0, 70)} is of ${podUid ?? containerId ?? unit ?? 'nobody'}`, () => {
    const found = parseProcessCgroup(`${text}\n`);
    assert.deepEqual([found.podUid, found.containerId], [podUid, containerId]);
    if (unit !== undefined || containerId === undefined) assert.equal(found.unit, unit);
  });
}

test('the names of the log folders of the kubelet, and of nothing else', () => {
  assert.deepEqual(parsePodFolder(`kube-system_etcd-node1_${STATIC_UID}`), [
    STATIC_UID,
    { namespace: 'kube-system', pod: 'etcd-node1' },
  ]);
  for (const other of ['lost+found', 'a_b', '_b_c', 'a__c', 'a_b_', `a_b_${UID}_d`])
    assert.equal(parsePodFolder(other), undefined);
  assert.deepEqual(parseContainerLog(`checkout-7d9f-abcde_shop_app-v2-${ID}.log`), [ID, 'app-v2']);
  for (const other of [`a_b_c-${ID.slice(1)}.log`, `a_b_-${ID}.log`, `a_b_c-${ID}`, `b_c-${ID}.log`])
    assert.equal(parseContainerLog(other), undefined);
});

test('the namespaces that ip netns made, not those of Docker, the first name of several', () => {
  const text = `24 30 0:22 / /proc rw - proc proc rw
617 24 0:4 net:[4026532177] /run/netns/green rw shared:1 - nsfs nsfs rw
618 24 0:4 net:[4026532177] /run/netns/blue rw shared:1 - nsfs nsfs rw
619 24 0:4 net:[4026532278] /run/docker/netns/0a1b2c rw - nsfs nsfs rw
620 24 0:4 net:[4026532379] /var/run/netns/a\\040b rw - nsfs nsfs rw
621 24 0:4 mnt:[4026532480] /run/netns/mount rw - nsfs nsfs rw
622 24 0:4 net:[4026532581] /run/netns/cut`;
  const expected = new Map([
    [4026532177, 'blue'],
    [4026532379, 'a b'],
  ]);
  assert.deepEqual(parseNamedNamespaces(text), expected);
});
