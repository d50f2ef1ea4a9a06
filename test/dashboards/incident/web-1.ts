import type { Snapshot } from '../../../src/model/snapshot.ts';
import { listener } from '../../support/pages/snapshot-cells.ts';
import { LINUX_SNAPSHOT } from '../../support/pages/snapshots.ts';
import { countFlows } from './count-flows.ts';
import { counter, course, restless } from './course.ts';
import { eventsOf } from './events.ts';
import { incoming, outgoing } from './flows.ts';
import { podsOfWeb1 } from './pods.ts';

export const RANGE = { first: 32_768, last: 60_999, ports: 28_232 };
const IP = '10.0.0.11';
const CHECKOUT = { ip: IP, process: 'checkout', unit: 'checkout.service' };
const NGINX = { ip: IP, process: 'nginx', unit: 'nginx.service' };

/** Connections per second that checkout opens to its database: a release an hour ago took the pool away. */
export const databaseRate = course([360, 52], [180, 60], [70, 62], [55, 70], [6, 449], [0, 458]);
const databaseRateDrawn = restless(databaseRate, 0.004);
const clients = restless(course([360, 300], [120, 420], [0, 460]), 0.05);
const fails = course([12, 0.2], [6, 4], [0, 38]);

const activeOpens = counter(18_820_114, (minute) => databaseRateDrawn(minute) + 25);
const passiveOpens = counter(9_731_002, (minute) => clients(minute) / 4);
const attemptFails = counter(40_211, fails);
const segments = counter(2_117_904_655, (minute) => 9000 + 20 * databaseRateDrawn(minute));
const resent = counter(1_220_418, restless(course([360, 30], [60, 35], [0, 90]), 0.2));
const withoutPort = counter(0, course([360, 0], [3, 0], [0, 6]));
const refused = counter(12, fails);
const cacheCalls = counter(9000, (minute) => 3 + fails(minute));
const resets = counter(118_640, (minute) => 0.8 + fails(minute) / 3);

/** The host that runs out of ports: every minute a little more TIME_WAIT towards one database. */
export function web1(minute: number): Snapshot {
  const rate = databaseRateDrawn(minute);
  const requests = Math.round(clients(minute));
  return {
    ...LINUX_SNAPSHOT,
    sockets: countFlows({
      flows: [
        ...outgoing(
          CHECKOUT,
          { ip: '10.0.9.9', port: '5432' },
          { timeWait: 60 * rate, established: 38, synSent: fails(minute) / 8 },
        ),
        ...outgoing(CHECKOUT, { ip: '10.0.9.20', port: '6379' }, { established: 24, timeWait: 300 }),
        ...outgoing(NGINX, { ip: '10.0.0.11', port: '3000' }, { established: requests / 3, timeWait: requests }),
        ...incoming(NGINX, '443', '198.51.100.7', { established: requests, finWait2: 6, timeWait: requests * 2 }),
        ...incoming(NGINX, '443', '203.0.113.80', { established: requests / 2, synRecv: 2 }),
        ...incoming({ ...CHECKOUT, process: 'checkout' }, '3000', '10.0.0.11', { established: requests / 3 }),
      ],
      listeners: [
        listener('0.0.0.0', 443, 'nginx', minute % 7 === 0 ? 3 : 0, 511),
        listener('0.0.0.0', 22, 'sshd', 0, 128),
        listener('10.0.0.11', 3000, 'checkout', minute % 3, 511),
      ],
      range: RANGE,
      heldAgainst: 'destination',
      closeWait: { oldest: [], stuck: [], folded: 0 },
      fds: [
        { process: 'nginx', open: 420 + requests, limit: 4096 },
        { process: 'checkout', open: 120 + Math.round(requests / 3), limit: 65_536 },
        { process: 'sshd', open: 24, limit: 1024 },
      ],
    }),
    counters: {
      ...LINUX_SNAPSHOT.counters,
      activeOpens: activeOpens(minute),
      passiveOpens: passiveOpens(minute),
      attemptFails: attemptFails(minute),
      estabResets: resets(minute),
      outSegments: segments(minute),
      inSegments: segments(minute),
      retransmittedSegments: resent(minute),
      timeWaitEntered: activeOpens(minute) - 1_000_000,
    },
    connectionEvents: eventsOf({
      database: activeOpens(minute),
      databaseWithoutPort: withoutPort(minute),
      cache: cacheCalls(minute),
      cacheRefused: refused(minute),
    }),
    netns: podsOfWeb1(minute),
    conntrack: { entries: Math.round(60 * rate + 5 * requests), limit: 262_144 },
  };
}
