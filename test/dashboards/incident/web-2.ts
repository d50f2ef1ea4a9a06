import type { Snapshot } from '../../../src/model/snapshot.ts';
import { listener } from '../../support/pages/snapshot-cells.ts';
import { LINUX_SNAPSHOT } from '../../support/pages/snapshots.ts';
import { countFlows } from './count-flows.ts';
import { counter, course, restless } from './course.ts';
import { incoming, outgoing } from './flows.ts';
import { podsOfWeb2 } from './pods.ts';
import { RANGE } from './web-1.ts';

const IP = '10.0.0.12';
const BILLING = { ip: IP, process: 'billing', unit: 'billing.service' };
const MAILER = { ip: IP, process: 'mailer', unit: 'mailer.service' };
const NGINX = { ip: IP, process: 'nginx', unit: 'nginx.service' };

/** Runs for a moment each time: nothing is open when the exporter looks, so nobody can be named. */
const SCRIPT = { ip: IP, process: 'curl', unit: 'cron.service' };

/** CLOSE_WAIT sockets of billing: it forgets one every two minutes since it was started four hours ago. */
export const leaked = course([360, 3], [240, 3], [0, 123]);
/** Connections per second dropped at nginx's accept queue: its workers hang since 20 minutes. */
export const dropped = course([22, 0], [18, 4], [0, 6]);
/** The number of backend connections that mailer closes late, every ten minutes all of them: healthy. */
const sawtooth = (minute: number) => (minute % 10) * 5;
/** Minute in which somebody raised somaxconn. */
const SETTING_CHANGED = 348;

const clients = restless(course([360, 250], [30, 330], [18, 700], [0, 720]), 0.05);
const activeOpens = counter(4_820_114, restless(course([360, 40], [0, 55]), 0.1));
const passiveOpens = counter(7_731_002, (minute) => clients(minute) / 4);
const attemptFails = counter(11_211, course([360, 0.1], [0, 0.3]));
const segments = counter(1_117_904_655, (minute) => 7000 + 10 * clients(minute));
const resent = counter(920_418, restless(course([360, 20], [25, 25], [0, 300]), 0.2));
const overflows = counter(318, dropped);

/** Its exporter runs without --collector.connection_events. */
const { connectionEvents: _, ...WITHOUT_EVENTS } = LINUX_SNAPSHOT;

/** The host whose billing leaks and whose nginx stopped accepting. */
export function web2(minute: number): Snapshot {
  const requests = Math.round(clients(minute));
  const leak = Math.round(leaked(minute));
  const queue = Math.round(course([26, 0], [21, 512], [0, 512])(minute));
  return {
    ...WITHOUT_EVENTS,
    sockets: countFlows({
      flows: [
        ...outgoing(BILLING, { ip: '10.0.7.30', port: '8443' }, { closeWait: leak, established: 12, timeWait: 140 }),
        ...outgoing(
          MAILER,
          { ip: '10.0.7.40', port: '25' },
          { closeWait: sawtooth(minute), established: 8, timeWait: 480 },
        ),
        ...outgoing(BILLING, { ip: '10.0.9.9', port: '5432' }, { established: 60, timeWait: 1100 + requests }),
        ...outgoing(SCRIPT, { ip: '10.0.7.50', port: '8080' }, { timeWait: 220 }),
        ...incoming(NGINX, '443', '198.51.100.7', { established: requests, timeWait: requests * 3, finWait1: 3 }),
      ],
      listeners: [
        listener('0.0.0.0', 443, 'nginx', queue, 511),
        listener('0.0.0.0', 22, 'sshd', 0, 128),
        listener('127.0.0.1', 9000, 'billing', 1, 128),
      ],
      range: RANGE,
      heldAgainst: 'destination',
      closeWait: {
        oldest: [{ process: 'billing', seconds: Math.max(70, (minute - 120) * 60) }],
        stuck: [{ process: 'billing', reason: 'unclosed', sockets: Math.max(2, leak - 1) }],
        folded: 0,
      },
      fds: [
        { process: 'nginx', open: 800 + requests, limit: 4096 },
        { process: 'billing', open: 180 + leak, limit: 1024 },
        { process: 'sshd', open: 24, limit: 1024 },
      ],
    }),
    counters: {
      ...LINUX_SNAPSHOT.counters,
      activeOpens: activeOpens(minute),
      passiveOpens: passiveOpens(minute),
      attemptFails: attemptFails(minute),
      outSegments: segments(minute),
      inSegments: segments(minute),
      retransmittedSegments: resent(minute),
      listenOverflows: overflows(minute),
      listenDrops: overflows(minute) + 13,
    },
    netns: podsOfWeb2(),
    settings: { ...LINUX_SNAPSHOT.settings, somaxconn: minute < SETTING_CHANGED ? 4096 : 8192 },
    conntrack: { entries: 6000 + 4 * requests, limit: 262_144 },
  };
}
