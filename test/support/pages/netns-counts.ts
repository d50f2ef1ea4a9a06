import type { TallyLimits } from '../../../src/model/limits.ts';
import type { NetnsCell, NetnsCounts, NetnsIdentity, NetnsNumbers } from '../../../src/model/netns.ts';
import { fullNetnsSockets, NETNS_SOCKETS } from './netns-sockets.ts';

const NOBODY: Omit<NetnsIdentity, 'netns'> = {
  namespace: '',
  pod: '',
  podUid: '',
  container: '',
  containerId: '',
  inum: undefined,
};
const BUSY: NetnsNumbers = {
  inUse: 214,
  timeWait: 21_704,
  currEstab: 199,
  activeOpens: 4_120_771,
  passiveOpens: 8012,
  attemptFails: 318,
  estabResets: 2071,
  outSegments: 61_204_118,
  retransmittedSegments: 12_077,
  listenOverflows: 0,
  listenDrops: 0,
  timeWaitOverflows: 0,
};
const QUIET: NetnsNumbers = {
  inUse: 9,
  timeWait: 2,
  currEstab: 6,
  activeOpens: 112,
  passiveOpens: 30_418,
  attemptFails: 0,
  estabResets: 12,
  outSegments: 402_331,
  retransmittedSegments: 41,
  listenOverflows: 27,
  listenDrops: 27,
  timeWaitOverflows: 0,
};

/** A pod that uses up its ports, a container of Docker, a service with PrivateNetwork=, more of them, and a name without a process. */
export const NETNS: NetnsCounts = {
  cells: [
    {
      ...NOBODY,
      netns: 'shop/checkout-7d9f8b6c5-x2x9z',
      namespace: 'shop',
      pod: 'checkout-7d9f8b6c5-x2x9z',
      podUid: '3d1f8c5e-7a9b-4c2d-8e1f-0a1b2c3d4e5f',
      container: 'app',
      containerId: '3f4e8a1b9c0d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f',
      inum: 4026532281,
      numbers: BUSY,
    },
    {
      ...NOBODY,
      netns: '00112233aabb',
      container: '00112233aabb',
      containerId: '00112233aabbccddeeff00112233445566778899aabbccddeeff001122334455',
      inum: 4026532377,
      numbers: QUIET,
    },
    { ...NOBODY, netns: 'report.service', inum: 4026532473, numbers: { inUse: 0, timeWait: 0, currEstab: 0 } },
  ],
  other: { ...NOBODY, netns: 'other', numbers: { ...QUIET, inUse: 18, timeWait: 4 } },
  folded: 2,
  failed: 0,
  withoutProcess: [{ ...NOBODY, netns: 'blue', inum: 4026532569 }],
  withoutProcessCount: 1,
  sockets: NETNS_SOCKETS,
};

/** As many namespaces as the limit allows, all of pods with long names, and the sum of more. */
export function fullNetns(limits: TallyLimits, namespaces = limits.netns): NetnsCounts {
  const pod = 'payment-reconciliation-worker-7d9f8b6c5-x2x9z';
  const cells = Array.from({ length: namespaces }, (_, index): NetnsCell => {
    const name = `${pod.slice(0, -4)}${1000 + index}`;
    return { ...NETNS.cells[0]!, netns: `production-payments/${name}`, namespace: 'production-payments', pod: name };
  });
  return { ...NETNS, cells, folded: 1000, withoutProcess: [], sockets: fullNetnsSockets(cells, limits) };
}
