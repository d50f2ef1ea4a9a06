import assert from 'node:assert/strict';
import { podOfPath } from '../../../src/platform/linux/cgroups/pod-of-path.ts';
import { parseContainerLog, parsePodFolder } from '../../../src/platform/linux/netns/kubelet-logs.ts';
import { parseInum, parseNamedNamespaces } from '../../../src/platform/linux/netns/named-namespaces.ts';
import { parseNamespaceFiles } from '../../../src/platform/linux/netns/namespace-files.ts';
import { parseProcessCgroup } from '../../../src/platform/linux/netns/process-cgroup.ts';
import { answerOf, type FuzzTarget } from '../target.ts';
import { joinPieces, splitPieces } from './pieces.ts';

const ID = '3f4e8a1b9c0d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f';
const UID = '3d1f8c5e-7a9b-4c2d-8e1f-0a1b2c3d4e5f';
const POD_SLICE = `/kubepods.slice/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice`;

export const NETNS: Readonly<Record<string, FuzzTarget>> = {
  'namespace-files': {
    drives: ['platform/linux/netns/namespace-files.ts#parseNamespaceFiles'],
    holds: 'counts that are finite and not negative, or a refusal that names the file',
    seeds: (read) => [
      joinPieces([
        read('linux/procfs/self/net/sockstat'),
        'TCP6: inuse 3\n',
        read('linux/procfs/self/net/snmp'),
        read('linux/procfs/self/net/netstat'),
      ]),
    ],
    run(input) {
      const [sockstat = '', sockstat6, snmp, netstat] = splitPieces(input).map((piece) => piece.toString('latin1'));
      const numbers = answerOf(() => parseNamespaceFiles({ sockstat, sockstat6, snmp, netstat }, '/net'), {
        says: /^\/net\/(sockstat6?|snmp|netstat)/,
      });
      for (const [name, value] of Object.entries(numbers ?? {}))
        assert.ok(Number.isFinite(value) && value >= 0, `${name} is ${value}`);
    },
  },
  'pod-cgroup': {
    drives: [
      'platform/linux/netns/process-cgroup.ts#parseProcessCgroup',
      'platform/linux/cgroups/pod-of-path.ts#podOfPath',
    ],
    holds: 'ids of the known forms, and a unit that is not empty and short, or none',
    seeds: () => [
      `0::${POD_SLICE}/cri-containerd-${ID}.scope\n`,
      `4:memory:/kubepods/besteffort/pod${UID}/${ID}\n1:name=systemd:/\n0::/\n`,
      `0::/../../system.slice/docker-${ID}.scope\n`,
    ],
    run(input) {
      const text = input.toString();
      for (const { podUid, containerId } of [parseProcessCgroup(text), podOfPath(text)]) {
        assert.ok(podUid === undefined || /^[0-9a-f-]{32,36}$/.test(podUid));
        assert.ok(containerId === undefined || /^[0-9a-f]{64}$/.test(containerId));
      }
      const { unit } = parseProcessCgroup(text);
      assert.ok(unit === undefined || (unit.length > 0 && unit.length <= 120));
    },
  },
  'kubelet-logs': {
    drives: [
      'platform/linux/netns/kubelet-logs.ts#parsePodFolder',
      'platform/linux/netns/kubelet-logs.ts#parseContainerLog',
    ],
    holds: 'names that are printable and not empty, or none',
    seeds: () => [`shop_checkout-7d9f-abcde_${UID}`, `checkout-7d9f-abcde_shop_app-${ID}.log`],
    run(input) {
      const pod = parsePodFolder(input.toString());
      const container = parseContainerLog(input.toString());
      for (const name of [pod?.[1].namespace, pod?.[1].pod, container?.[1]])
        assert.ok(name === undefined || (name !== '' && !/\p{Cc}/u.test(name)));
    },
  },
  'named-namespaces': {
    drives: [
      'platform/linux/netns/named-namespaces.ts#parseNamedNamespaces',
      'platform/linux/netns/named-namespaces.ts#parseInum',
      'platform/linux/procfs/mount-text.ts#unescapeOctal',
    ],
    holds: 'whole numbers with printable names, no more of them than lines',
    seeds: () => [
      '617 24 0:4 net:[4026532177] /run/netns/blue rw shared:1 - nsfs nsfs rw\n',
      '617 24 0:4 net:[4026532177] /run/netns/a\\040b rw - nsfs nsfs rw\n',
      'net:[4026532177]',
    ],
    run(input) {
      const names = parseNamedNamespaces(input.toString());
      assert.ok(names.size <= input.toString().split('\n').length);
      for (const [inum, name] of names) assert.ok(Number.isSafeInteger(inum) && name !== '' && !/\p{Cc}/u.test(name));
      const inum = parseInum(input.toString());
      assert.ok(inum === undefined || Number.isSafeInteger(inum));
    },
  },
};
