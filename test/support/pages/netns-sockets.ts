import type { NetnsCell } from '../../../src/model/netns.ts';
import type { NetnsLabels, NetnsOwner, NetnsSockets, NetnsSocketsCell } from '../../../src/model/netns-sockets.ts';
import type { StateCounts } from '../../../src/model/socket-counts.ts';
import { KNOWN_STATES, STATE_SLOTS, TcpState } from '../../../src/model/tcp-state.ts';
import { foldStates } from '../../../src/tally/fold-states.ts';
import { mostStates } from '../../../src/tally/netns-sockets.ts';

const CHECKOUT: NetnsLabels = {
  netns: 'shop/checkout-7d9f8b6c5-x2x9z',
  namespace: 'shop',
  pod: 'checkout-7d9f8b6c5-x2x9z',
};
const CONTAINER: NetnsLabels = { netns: '00112233aabb', namespace: '', pod: '' };
const REPORT: NetnsLabels = { netns: 'report.service', namespace: '', pod: '' };
const OTHER: NetnsLabels = { netns: 'other', namespace: '', pod: '' };
const CHECKOUT_APP: NetnsOwner = { ...CHECKOUT, container: 'app', unit: '', process: 'node' };
/** TIME_WAIT has no process: the pod has one container. */
const CHECKOUT_WAITING: NetnsOwner = { ...CHECKOUT_APP, process: 'unknown' };
const CONTAINER_PHP: NetnsOwner = { ...CONTAINER, container: '00112233aabb', unit: '', process: 'php-fpm' };
const OTHERS: NetnsOwner = { ...OTHER, container: '', unit: '', process: 'other' };

/** Sockets of the namespaces of `NETNS`: one without free ports, one whose queue is full, one that closes nothing. */
export const NETNS_SOCKETS: NetnsSockets = {
  cells: [
    {
      ...CHECKOUT,
      states: states({ [TcpState.established]: 180, [TcpState.timeWait]: 21_704, [TcpState.listen]: 2 }),
      ephemeral: { ports: 21_884, used: 21_884, ipv4: 1, ipv6: 12 / 21_884 },
      fullestQueue: { container: 'app', unit: '', process: 'node', localPort: 8080, queueLength: 0, queueLimit: 4096 },
    },
    {
      ...CONTAINER,
      states: states({ [TcpState.established]: 129, [TcpState.listen]: 1, [TcpState.closeWait]: 41 }),
      ephemeral: { ports: 28_232, used: 3, ipv4: 2 / 28_232 },
      fullestQueue: {
        container: '00112233aabb',
        unit: '',
        process: 'php-fpm',
        localPort: 9000,
        queueLength: 129,
        queueLimit: 128,
      },
    },
    {
      ...REPORT,
      states: states({}),
      ephemeral: { ports: 28_232, used: 0, ipv4: 0 },
    },
    {
      ...OTHER,
      states: states({
        [TcpState.established]: 11,
        [TcpState.listen]: 7,
        [TcpState.timeWait]: 4,
        [TcpState.closeWait]: 0,
      }),
    },
  ],
  foldedStates: 0,
  connections: {
    cells: [
      {
        ...CHECKOUT_WAITING,
        ...{ state: TcpState.timeWait, direction: 'outbound', localPort: 'ephemeral', remoteIp: '10.96.0.20' },
        ...{ remotePort: '5432', sockets: 21_704 },
      },
      {
        ...OTHERS,
        ...{ state: TcpState.established, direction: 'inbound', localPort: 'other', remoteIp: 'other' },
        ...{ remotePort: 'other', sockets: 11 },
      },
    ],
    folded: 9,
  },
  destinations: {
    cells: [
      {
        ...CHECKOUT_APP,
        ...{ family: 'ipv4', localIp: '10.244.1.17', remoteIp: '10.96.0.20', remotePort: 5432 },
        ...{ portsUsed: 21_884, portsTimeWait: 21_704, portsOutside: 0, portsReusable: 0 },
      },
    ],
    folded: 3,
  },
  listeners: {
    cells: [{ ...CONTAINER_PHP, localIp: '0.0.0.0', localPort: 9000, queueLength: 129, queueLimit: 128 }],
    folded: 0,
  },
  closeWait: { cells: [{ ...CONTAINER_PHP, oldestSeconds: 7218.4, unclosed: 38, unaccepted: 3 }], folded: 0 },
  socketRanges: {
    cells: [{ ...CHECKOUT, family: 'ipv4', first: 50_000, last: 50_099, ports: 100, utilization: 0.21 }],
    folded: 0,
  },
};

/** All that a namespace can have, for each of these, and the lists of all together full at their limits. */
export function fullNetnsSockets(
  cells: readonly NetnsCell[],
  limits: {
    readonly netns: number;
    readonly connections: number;
    readonly destinations: number;
    readonly processes: number;
  },
): NetnsSockets {
  const all = states(
    Object.fromEntries(KNOWN_STATES.filter((state) => state !== TcpState.close).map((state) => [state, 1])),
  );
  const [busy, closing] = [NETNS_SOCKETS.cells[0]!, NETNS_SOCKETS.cells[1]!];
  const labels = { netns: cells[0]!.netns, namespace: cells[0]!.namespace, pod: cells[0]!.pod };
  const { connections, destinations, listeners, closeWait, socketRanges } = NETNS_SOCKETS;
  const remoteIp = (index: number) => `2001:1db8:1234:5678:9abc:def0:1234:${1000 + index}`;
  const repeat = <Cell>(cell: Cell, length: number, change: (index: number) => Partial<Cell>) =>
    Array.from({ length }, (_, index) => ({ ...cell, ...labels, ...change(index) }));
  const others = KNOWN_STATES.filter((state) => state !== TcpState.listen && state !== TcpState.bound).flatMap(
    (state) => (['inbound', 'outbound'] as const).map((direction) => ({ ...connections.cells[1]!, state, direction })),
  );
  return {
    foldedStates: 1000,
    cells: [
      ...foldStates(
        cells.map(
          ({ netns, namespace, pod }): NetnsSocketsCell => ({
            ...busy,
            ...closing,
            ...(busy.ephemeral && { ephemeral: busy.ephemeral }),
            netns,
            namespace,
            pod,
            states: all,
          }),
        ),
        mostStates(limits),
      ).cells,
      { ...OTHER, states: all },
    ],
    connections: {
      cells: [
        ...repeat(connections.cells[0]!, limits.connections, (index) => ({ remoteIp: remoteIp(index) })),
        ...others,
      ],
      folded: 1000,
    },
    destinations: {
      cells: repeat(destinations.cells[0]!, limits.destinations, (index) => ({ remoteIp: remoteIp(index) })),
      folded: 1000,
    },
    listeners: {
      cells: repeat(listeners.cells[0]!, limits.destinations, (index) => ({ localPort: 1000 + index })),
      folded: 1000,
    },
    closeWait: {
      cells: [
        ...repeat(closeWait.cells[0]!, limits.processes, (index) => ({ process: `php-fpm-${index}` })),
        { ...OTHERS, oldestSeconds: 1, unclosed: 1, unaccepted: 1 },
      ],
      folded: 1000,
    },
    socketRanges: {
      cells: repeat(socketRanges.cells[0]!, limits.destinations, (index) => ({ first: 50_000 + index })),
      folded: 1000,
    },
  };
}

function states(counts: Readonly<Record<number, number>>): StateCounts {
  return Array.from({ length: STATE_SLOTS }, (_, state) => counts[state]);
}
