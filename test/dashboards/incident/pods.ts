import { DEFAULT_PORTS } from '../../../dashboards/thresholds.ts';
import type { NetnsCell, NetnsCounts, NetnsNumbers } from '../../../src/model/netns.ts';
import type { NetnsSockets, NetnsSocketsCell } from '../../../src/model/netns-sockets.ts';
import { TcpState } from '../../../src/model/tcp-state.ts';
import { NETNS } from '../../support/pages/netns-counts.ts';
import { NETNS_SOCKETS } from '../../support/pages/netns-sockets.ts';
import { counter, course, restless } from './course.ts';

/** Connections per second that a pod opens to a service without a pool: below what one destination sustains, and rising. */
const opened = restless(course([360, 40], [120, 60], [60, 330], [0, 345]), 0.01);
const activeOpens = counter(4_120_771, opened);
const fails = counter(318, course([360, 0], [60, 0.1], [0, 0.4]));
const sent = counter(61_204_118, (minute) => 20 * opened(minute));
const sentAgain = counter(12_077, (minute) => 0.1 * opened(minute));
const accepted = counter(30_418, () => 4);
const answered = counter(402_331, () => 30);

/** The pods of the host that runs out of ports: one has the same illness, its ports are its own. */
export function podsOfWeb1(minute: number): NetnsCounts {
  const [checkout, container, service] = NETNS.cells as unknown as [NetnsCell, NetnsCell, NetnsCell];
  const busy: NetnsNumbers = {
    ...checkout.numbers,
    timeWait: Math.round(60 * opened(minute)),
    activeOpens: activeOpens(minute),
    attemptFails: fails(minute),
    outSegments: sent(minute),
    retransmittedSegments: sentAgain(minute),
  };
  const quiet = { ...container.numbers, passiveOpens: accepted(minute), outSegments: answered(minute) };
  const cells = [{ ...checkout, numbers: busy }, { ...container, numbers: quiet }, service];
  return { ...NETNS, cells, sockets: socketsOf(busy.timeWait) };
}

/** The pods of a host that has troubles of its own. */
export function podsOfWeb2(): NetnsCounts {
  return { ...NETNS, sockets: socketsOf(12) };
}

/** The first pod's ports wait in TIME_WAIT; the container is well. */
function socketsOf(waiting: number): NetnsSockets {
  const [checkout, container, ...others] = NETNS_SOCKETS.cells as [NetnsSocketsCell, NetnsSocketsCell];
  const [destination] = NETNS_SOCKETS.destinations.cells;
  const [waits] = NETNS_SOCKETS.closeWait.cells;
  const states = checkout.states.map((sockets, state) => (state === TcpState.timeWait ? waiting : sockets));
  const ports = { ports: DEFAULT_PORTS, used: waiting, ipv4: waiting / DEFAULT_PORTS };
  return {
    ...NETNS_SOCKETS,
    cells: [
      { ...checkout, states, ephemeral: ports },
      {
        ...container,
        fullestQueue: { ...container.fullestQueue!, queueLength: 3 },
      },
      ...others,
    ],
    destinations: { cells: [{ ...destination!, portsUsed: waiting, portsTimeWait: waiting }], folded: 0 },
    closeWait: { cells: [{ ...waits!, oldestSeconds: 12, unclosed: 0, unaccepted: 0 }], folded: 0 },
  };
}
