import { collectorsOf } from '../../src/model/collectors.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { TcpState } from '../../src/model/tcp-state.ts';
import type { LiveLook } from '../../src/scrape/live.ts';
import { liveLook } from '../support/pages/live-looks.ts';
import {
  connection,
  destination,
  HEALTHY,
  PORTS,
  rangeUse,
  statesOf,
  withCounters,
  withDestination,
  withSockets,
} from '../verdict/hosts.ts';

/** Between the two looks. */
const SECONDS = 10;
const STEPS = 121;
const OUTCOMES = collectorsOf('linux').map(({ name }) => ({
  collector: name,
  success: true,
  seconds: 0.004,
  ...(name === 'sockets' && { source: 'sock_diag' }),
}));

/** A made-up host in three kinds of trouble, with the numbers of README.md and docs/diagnose.md: what the pictures show. */
export function incidentLook(): LiveLook {
  const before = host(440, 1200);
  const now = withCounters(
    {
      timeWaitEntered: 480 * SECONDS,
      activeOpens: 470 * SECONDS,
      passiveOpens: 35 * SECONDS,
      listenOverflows: 148,
      attemptFails: 3,
    },
    host(450, 1348),
  );
  const look = liveLook(now, before);
  return { ...look, history: course(look.atMs) };
}

/** The same host an hour before. */
export function healthyLook(): LiveLook {
  const calm = withSockets({
    closeWait: {
      oldest: [{ process: 'nginx', seconds: 4 }],
      stuck: [{ process: 'nginx', reason: 'unclosed', sockets: 0 }],
      folded: 0,
    },
    listeners: {
      cells: [80, 443].map((localPort) => ({
        localIp: '10.0.0.1',
        localPort,
        process: 'nginx',
        queueLength: localPort === 80 ? 3 : 0,
        queueLimit: 511,
      })),
      folded: 0,
    },
    listenerDrops: {
      cells: [80, 443].map((localPort) => ({ localIp: '10.0.0.1', localPort, process: 'nginx', drops: 0 })),
      folded: 0,
    },
    processFds: {
      cells: [
        { process: 'nginx', open: 150, limit: 1024 },
        { process: 'shop-worker', open: 42, limit: 1024 },
        { process: 'postgres', open: 61, limit: 65_536 },
      ],
      folded: 0,
    },
    processes: {
      cells: [
        held('nginx', 1, 96),
        held('nginx', 8, 2),
        held('shop-worker', 1, 14),
        held('postgres', 1, 12),
        held('sshd', 1, 2),
      ],
      folded: 0,
    },
    connections: {
      cells: [connection(TcpState.established, 'shop-worker', 14), connection(TcpState.timeWait, 'unknown', 280)],
      folded: 0,
    },
  });
  const now = withCounters({ activeOpens: 48, passiveOpens: 90, timeWaitEntered: 46 }, { ...calm, outcomes: OUTCOMES });
  const look = liveLook(now, calm);
  const history = Array.from({ length: STEPS }, (_, step) => ({
    atMs: look.atMs - (STEPS - 1 - step) * 5000,
    states: statesOf({
      1: Math.round(120 + 14 * Math.sin(step / 9) + 5 * Math.sin(step * 1.7)),
      6: Math.round(390 + 30 * Math.sin(step / 14 + 1) + 14 * Math.sin(step * 2.3)),
      8: step % 17 < 4 ? 2 : 0,
      10: 9,
    }),
  }));
  return {
    ...look,
    history: [...history.slice(0, -1), { atMs: look.atMs, states: statesOf({ 1: 130, 6: 400, 8: 2, 10: 9 }) }],
  };
}

function host(leaked: number, drops: number): Snapshot {
  const base = withDestination({ portsUsed: PORTS, portsTimeWait: PORTS - 60 }, HEALTHY);
  const api = { localIp: '10.0.0.1', localPort: 8080, process: 'api' };
  const listener = (localPort: number, process: string, queueLength: number, queueLimit: number) => ({
    localIp: '10.0.0.1',
    localPort,
    process,
    queueLength,
    queueLimit,
  });
  const stuck = (process: string, unclosed: number, unaccepted: number) => [
    { process, reason: 'unclosed' as const, sockets: unclosed },
    { process, reason: 'unaccepted' as const, sockets: unaccepted },
  ];
  const snapshot = withSockets(
    {
      states: { ipv4: statesOf({ 1: 157, 6: 28_172, 8: leaked + 13, 10: 7 }), ipv6: statesOf({}) },
      processes: {
        cells: [
          held('legacy', 8, leaked),
          held('shop-worker', 1, 60),
          held('nginx', 1, 82),
          held('api', 8, 13),
          held('postgres', 1, 15),
        ],
        folded: 0,
      },
      unattributed: [{ state: 6, reason: 'kernel', sockets: 28_172 }],
      connections: {
        cells: [
          connection(TcpState.timeWait, 'unknown', PORTS - 60),
          connection(TcpState.established, 'shop-worker', 60),
          { ...connection(TcpState.established, 'nginx', 40, '10.0.0.61'), remotePort: '8080' },
          {
            state: 8,
            direction: 'inbound',
            localPort: '9000',
            remoteIp: '10.0.0.50',
            remotePort: '',
            process: 'legacy',
            sockets: leaked,
          },
        ],
        folded: 0,
      },
      ephemeral: {
        ...base.sockets!.ephemeral!,
        families: [rangeUse({ used: PORTS, utilization: 1 })],
        destinations: {
          cells: [
            destination({ portsUsed: PORTS, portsTimeWait: PORTS - 60 }),
            destination({ remoteIp: '10.0.0.61', remotePort: 8080, portsUsed: 124, portsTimeWait: 84 }),
            destination({ remoteIp: '10.0.0.7', remotePort: 6379, portsUsed: 12, portsTimeWait: 0 }),
          ],
          folded: 0,
        },
        processes: {
          cells: [
            { process: 'shop-worker', ports: 60 },
            { process: 'nginx', ports: 40 },
          ],
          folded: 0,
        },
      },
      closeWait: {
        oldest: [
          { process: 'legacy', seconds: 968 },
          { process: 'api', seconds: 960 },
        ],
        stuck: [...stuck('legacy', leaked, 0), ...stuck('api', 0, 13)],
        folded: 0,
      },
      listeners: {
        cells: [
          listener(8080, 'api', 17, 16),
          listener(80, 'nginx', 3, 511),
          listener(443, 'nginx', 0, 511),
          listener(9000, 'legacy', 0, 128),
        ],
        folded: 0,
      },
      listenerDrops: {
        cells: [
          { ...api, drops },
          { localIp: '10.0.0.1', localPort: 9000, process: 'legacy', drops: 0 },
          ...[80, 443].map((localPort) => ({ localIp: '10.0.0.1', localPort, process: 'nginx', drops: 0 })),
        ],
        folded: 0,
      },
      processFds: {
        cells: [
          { process: 'legacy', open: leaked + 41, limit: 1024 },
          { process: 'nginx', open: 150, limit: 1024 },
          { process: 'shop-worker', open: 88, limit: 1024 },
        ],
        folded: 0,
      },
    },
    base,
  );
  return { ...snapshot, outcomes: OUTCOMES };
}

function held(process: string, state: number, sockets: number) {
  return { process, state, sockets };
}

/** TIME_WAIT rises for a minute until no port is left; CLOSE_WAIT leaks all the time. */
function course(atMs: number): LiveLook['history'] {
  return Array.from({ length: STEPS }, (_, step) => {
    const isLast = step === STEPS - 1;
    const rise = Math.min(1, Math.max(0, (step - 62) / 26));
    return {
      atMs: atMs - (STEPS - 1 - step) * 5000,
      states: statesOf({
        1: isLast ? 157 : Math.round(148 + 9 * Math.sin(step / 6) + 4 * Math.sin(step * 1.9)),
        6: isLast ? 28_172 : Math.round(1900 + 500 * Math.sin(step / 8) * (1 - rise) + 26_272 * rise),
        8: Math.round(163 + (300 * step) / (STEPS - 1)),
        10: 7,
      }),
    };
  });
}
