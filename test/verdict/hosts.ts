import type { Snapshot } from '../../src/model/snapshot.ts';
import type { DestinationCell, EphemeralFamilyUse, SocketCounts } from '../../src/model/socket-counts.ts';
import { STATE_SLOTS, type TcpState } from '../../src/model/tcp-state.ts';
import type { Finding } from '../../src/verdict/finding.ts';
import { judge } from '../../src/verdict/judge.ts';

export const PORTS = 28_232;

/** A Linux host with some work and nothing near a limit. */
export const HEALTHY: Snapshot = {
  sockets: {
    states: { ipv4: statesOf({ 1: 120, 6: 400, 8: 2, 10: 9 }), ipv6: statesOf({ 1: 10 }) },
    connections: { cells: [], folded: 0 },
    unattributed: [{ state: 6, reason: 'kernel', sockets: 400 }],
    listeners: {
      cells: [{ localIp: '10.0.0.1', localPort: 80, process: 'nginx', queueLength: 3, queueLimit: 511 }],
      folded: 0,
    },
    ephemeral: {
      families: [rangeUse({ used: 500, utilization: 300 / PORTS })],
      destinations: { cells: [destination({ portsUsed: 300, portsTimeWait: 280 })], folded: 0 },
      listeners: [],
      holders: [],
    },
    closeWait: {
      oldest: [{ process: 'api', seconds: 4 }],
      stuck: [
        { process: 'api', reason: 'unclosed', sockets: 0 },
        { process: 'api', reason: 'unaccepted', sockets: 0 },
      ],
      folded: 0,
    },
    processFds: { cells: [{ process: 'nginx', open: 90, limit: 1024 }], folded: 0 },
  },
  counters: {
    activeOpens: 10_000,
    passiveOpens: 90_000,
    attemptFails: 300,
    estabResets: 200,
    sentResets: 400,
    abortOnTimeout: 20,
    abortOnData: 10,
    listenOverflows: 0,
    listenDrops: 0,
    embryonicResets: 0,
    timeWaitEntered: 50_000,
    timeWaitOverflows: 0,
    syncookiesSent: 0,
    syncookiesReceived: 0,
    requestQueueFullDrops: 0,
    abortOnMemory: 0,
  },
  memory: { orphans: 3, orphanLimit: 131_072, bytes: 4_000_000, limitBytes: 1_600_000_000 },
  conntrack: { entries: 500, limit: 262_144, insertFailed: 7, drops: 7 },
  settings: {
    tcpMaxTwBuckets: 131_072,
    tcpSyncookies: 1,
    fileMax: 9_000_000,
    fileNrOpen: 4_000,
    timeWaitDurationSeconds: 60,
  },
  namespace: { isHostNetwork: true, isHostPid: true },
  outcomes: [{ collector: 'sockets', success: true, seconds: 0.01 }],
};

/** The host with other counts of sockets. */
export function withSockets(counts: Partial<SocketCounts>, host: Snapshot = HEALTHY): Snapshot {
  return { ...host, sockets: { ...host.sockets, ...counts } };
}

/** The host with counters that went on by so much. */
export function withCounters(moved: Readonly<Record<string, number>>, host: Snapshot = HEALTHY): Snapshot {
  const counters = host.counters as Readonly<Record<string, number>>;
  const later = Object.entries(moved).map(([name, by]) => [name, (counters[name] ?? 0) + by]);
  return { ...host, counters: { ...counters, ...Object.fromEntries(later) } };
}

/** One destination that takes so many ports, and the utilization that follows. */
export function withDestination(cell: Partial<DestinationCell>, host: Snapshot = HEALTHY): Snapshot {
  const busiest = destination(cell);
  const taken = busiest.portsUsed - busiest.portsOutside - busiest.portsReusable;
  const ephemeral = {
    ...host.sockets!.ephemeral!,
    families: [rangeUse({ used: taken, utilization: Math.min(1, taken / PORTS) })],
    destinations: { cells: [destination({ remoteIp: '10.0.0.7', portsUsed: 40 }), busiest], folded: 0 },
  };
  return withSockets({ ephemeral }, host);
}

export function destination(cell: Partial<DestinationCell>): DestinationCell {
  return {
    family: 'ipv4',
    localIp: '10.0.0.1',
    remoteIp: '10.0.0.50',
    remotePort: 5432,
    portsUsed: 0,
    portsTimeWait: 0,
    portsOutside: 0,
    portsReusable: 0,
    ...cell,
  };
}

export function rangeUse(use: Partial<EphemeralFamilyUse>): EphemeralFamilyUse {
  return {
    family: 'ipv4',
    first: 32_768,
    last: 60_999,
    ports: PORTS,
    used: 0,
    blocked: 0,
    listening: 0,
    boundEstimate: 0,
    utilization: 0,
    ...use,
  };
}

/** Sockets by state number; the others have none. */
export function statesOf(sockets: Readonly<Partial<Record<TcpState, number>>>): number[] {
  return Array.from({ length: STATE_SLOTS }, (_, state) => sockets[state as TcpState] ?? 0);
}

/** An outbound connection of a process. */
export function connection(state: TcpState, process: string, sockets: number, remoteIp = '10.0.0.50') {
  const place = { localPort: 'ephemeral', remoteIp, remotePort: '5432' };
  return { state, direction: 'outbound', ...place, process, sockets } as const;
}

/** Findings of one look, or of two a second apart. */
export function findingsOf(now: Snapshot, before?: Snapshot, secondsAgo = 1): readonly Finding[] {
  return judge(now, before && { snapshot: before, secondsAgo }).findings;
}

export function kindsOf(now: Snapshot, before?: Snapshot, secondsAgo = 1): string[] {
  return findingsOf(now, before, secondsAgo).map(({ kind }) => kind);
}
