import type { TallyLimits } from '../../../src/model/limits.ts';
import type { ConfigFacts, Snapshot } from '../../../src/model/snapshot.ts';
import { KNOWN_STATES, TcpState } from '../../../src/model/tcp-state.ts';
import { THRESHOLD_ALERTS } from '../../../src/model/threshold-alerts.ts';
import { fullEvents } from './event-counts.ts';
import { fullNetns } from './netns-counts.ts';
import { LINUX_SNAPSHOT, WINDOWS_SNAPSHOT } from './snapshots.ts';

const SOCKETS = 1_000_000;
const CONNECTED = KNOWN_STATES.filter((state) => state !== TcpState.listen && state !== TcpState.bound);
const DIRECTIONS = ['inbound', 'outbound'] as const;
/** As long as the name of a Windows program gets in practice; Linux cuts at 15. */
const PROCESS = 'Contoso.Enterprise.Integration.BackgroundWorker.Service';
/** A container in a Kubernetes pod. */
const UNIT = `cri-containerd-${'0123456789abcdef'.repeat(4)}.scope`;

/** A configuration file with every threshold. */
export const FULL_CONFIG: ConfigFacts = {
  isCurrent: true,
  thresholds: Object.fromEntries(THRESHOLD_ALERTS.map((alert) => [alert, 0.95])),
};

/** Every part present but a configuration file, every breakdown full at the limits and with all the `other` cells it can have, labels long. */
export function fullSnapshot(limits: TallyLimits): Snapshot {
  const folded = 400_000;
  const processes = range(limits.processes, (index) => `${PROCESS}${index}`);
  return {
    ...WINDOWS_SNAPSHOT,
    ...LINUX_SNAPSHOT,
    settings: { ...WINDOWS_SNAPSHOT.settings, ...LINUX_SNAPSHOT.settings },
    netns: fullNetns(limits),
    connectionEvents: fullEvents(limits.connectionEvents, (index) =>
      index < 0
        ? { process: 'other', unit: 'other', remoteIp: 'other', port: 'other' }
        : { process: `${PROCESS}${index}`, unit: UNIT, remoteIp: address(index), port: String(65_535 - index) },
    ),
    sockets: {
      ...LINUX_SNAPSHOT.sockets!,
      connections: { cells: [...range(limits.connections, connection), ...otherConnections()], folded },
      localPorts: {
        cells: range(limits.localPorts, (index) => ({ localPort: String(65_535 - index) }))
          .map((cell, index) => ({ ...cell, state: stateOf(index), sockets: SOCKETS }))
          .concat(others(KNOWN_STATES, 'localPort')),
        folded,
      },
      remoteIps: {
        cells: range(limits.remoteIps, (index) => ({ remoteIp: address(index) }))
          .map((cell, index) => ({ ...cell, state: stateOf(index), sockets: SOCKETS }))
          .concat(others(CONNECTED, 'remoteIp')),
        folded,
      },
      processes: {
        cells: processes
          .map((process, index) => ({ process, state: stateOf(index), sockets: SOCKETS }))
          .concat(others(KNOWN_STATES, 'process')),
        folded,
      },
      units: {
        cells: range(limits.units, (index) => ({ unit: `${UNIT}${index}` }))
          .map((cell, index) => ({ ...cell, state: stateOf(index), sockets: SOCKETS }))
          .concat(others(KNOWN_STATES, 'unit')),
        folded,
      },
      listeners: { cells: range(limits.listeners, listener), folded },
      listenerDrops: {
        cells: range(limits.listeners, listener).map((cell) => ({ ...cell, drops: 4_294_967_295 })),
        folded,
      },
      ephemeral: {
        families: LINUX_SNAPSHOT.sockets!.ephemeral!.families,
        destinations: { cells: range(limits.destinations, destination), folded },
        listeners: [...range(limits.destinations, holder), { localPort: 'other', process: 'other', sockets: 65_535 }],
        holders: range(limits.destinations, holder),
        socketRanges: range(Math.min(limits.destinations, 32), (index) => ({
          family: 'ipv6' as const,
          first: 32_768,
          last: 60_000 + index,
          ports: 28_232,
          utilization: 0.123_456_789,
        })),
        processes: {
          cells: processes.slice(0, limits.destinations).map((process) => ({ process, ports: 28_232 })),
          folded,
        },
      },
      closeWait: {
        oldest: processes.map((process) => ({ process, seconds: 1_234_567.891 })),
        stuck: processes.flatMap((process) => [
          { process, reason: 'unclosed' as const, sockets: SOCKETS },
          { process, reason: 'unaccepted' as const, sockets: SOCKETS },
        ]),
        folded,
      },
      processFds: {
        cells: processes.map((process) => ({
          process,
          open: 1_048_576,
          limit: 1_073_741_816,
          closedSockets: 1_048_576,
        })),
        folded,
      },
    },
  };
}

function connection(index: number) {
  return {
    state: TcpState.established,
    direction: 'outbound' as const,
    localPort: 'ephemeral',
    remoteIp: address(index),
    remotePort: '65535',
    process: PROCESS,
    sockets: SOCKETS,
  };
}

function otherConnections() {
  const other = { localPort: 'other', remoteIp: 'other', remotePort: 'other', process: 'other', sockets: SOCKETS };
  return CONNECTED.flatMap((state) => DIRECTIONS.map((direction) => ({ state, direction, ...other })));
}

function others<Label extends string>(states: readonly number[], label: Label) {
  return states.map((state) => ({ ...({ [label]: 'other' } as Record<Label, string>), state, sockets: SOCKETS }));
}

function listener(index: number) {
  return { localIp: address(index), localPort: 65_535, process: PROCESS, queueLength: 65_535, queueLimit: 65_535 };
}

function holder(index: number) {
  return { localPort: String(40_000 + index), process: PROCESS, sockets: SOCKETS };
}

function destination(index: number) {
  const [localIp, remoteIp] = [address(8999), address(index)];
  const ports = { portsUsed: 28_232, portsTimeWait: 28_232, portsOutside: 28_232, portsReusable: 28_232 };
  return { family: 'ipv6', localIp, remoteIp, remotePort: 65_535, ...ports } as const;
}

/** 39 characters, as long as an IPv6 address gets. */
function address(index: number): string {
  return `2001:1db8:1234:5678:9abc:def0:1234:${1000 + index}`;
}

/** Spreads the cells over the states. */
function stateOf(index: number): number {
  return CONNECTED[index % CONNECTED.length]!;
}

function range<Value>(length: number, valueAt: (index: number) => Value): Value[] {
  return Array.from({ length }, (_, index) => valueAt(index));
}
