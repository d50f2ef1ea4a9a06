import type { NetnsLabels, NetnsSockets } from '../model/netns-sockets.ts';
import { stateLabel } from '../model/tcp-state.ts';
import { gauge, type MetricFamily } from './family.ts';
import { remoteNameLabel } from './remote-name.ts';

const LABELS = ['netns', 'namespace', 'pod'] as const;
const SOURCE = "the kernel's own tables (bpf)";

/** The sockets of the other network namespaces, as far as the walk in the kernel tells of them. */
export function netnsSocketFamilies(sockets: NetnsSockets | undefined): MetricFamily[] {
  const cells = (sockets?.cells ?? []).map((cell) => ({ ...cell, labels: labelsOf(cell) }));
  return [
    gauge(
      'tcpstate_netns_sockets',
      [...LABELS, 'state'],
      `TCP sockets of another network namespace by state, each from its first socket on, the smallest of all namespaces aggregated in other, from ${SOURCE}.`,
      cells.flatMap(({ labels, states }) =>
        states.flatMap((value, state) =>
          value === undefined ? [] : [{ labels: [...labels, stateLabel(state)] as const, value }],
        ),
      ),
    ),
    ...portFamilies(cells),
    ...queueFamilies(cells),
    ...closeWaitFamilies(cells),
    ...sharedFamilies(sockets),
  ];
}

type Cell = NetnsSockets['cells'][number] & { readonly labels: ReturnType<typeof labelsOf> };

function portFamilies(cells: readonly Cell[]): MetricFamily[] {
  const uses = cells.flatMap(({ labels, ephemeral }) => (ephemeral === undefined ? [] : [{ labels, ...ephemeral }]));
  return [
    gauge(
      'tcpstate_netns_ephemeral_ports',
      LABELS,
      `Ports that another network namespace may hand out, ip_local_port_range without ip_local_reserved_ports, from ${SOURCE}.`,
      uses.map(({ labels, ports }) => ({ labels, value: ports })),
    ),
    gauge(
      'tcpstate_netns_ephemeral_ports_used',
      LABELS,
      `Distinct ports of the ephemeral range that any socket of another network namespace holds, from ${SOURCE}.`,
      uses.map(({ labels, used }) => ({ labels, value: used })),
    ),
    gauge(
      'tcpstate_netns_ephemeral_utilization_ratio',
      [...LABELS, 'family'],
      `Share of the ephemeral ports of another network namespace that the next connect() to its busiest destination cannot get, 0 to 1, as tcpstate_ephemeral_utilization_ratio, IPv6 where it is used, from ${SOURCE}.`,
      uses.flatMap(({ labels, ipv4, ipv6 }) => [
        { labels: [...labels, 'ipv4'] as const, value: ipv4 },
        ...(ipv6 === undefined ? [] : [{ labels: [...labels, 'ipv6'] as const, value: ipv6 }]),
      ]),
    ),
  ];
}

function queueFamilies(cells: readonly Cell[]): MetricFamily[] {
  const queues = cells.flatMap(({ labels, fullestQueue: queue }) =>
    queue === undefined ? [] : [{ ...queue, labels: [...labels, String(queue.localPort)] as const }],
  );
  return [
    gauge(
      'tcpstate_netns_fullest_accept_queue_length',
      [...LABELS, 'local_port'],
      `Connections that wait for accept() at the listener of another network namespace whose queue is fullest, from ${SOURCE}.`,
      queues.map(({ labels, queueLength }) => ({ labels, value: queueLength })),
    ),
    gauge(
      'tcpstate_netns_fullest_accept_queue_limit',
      [...LABELS, 'local_port'],
      `Most connections that may wait for accept() at the listener of tcpstate_netns_fullest_accept_queue_length, from ${SOURCE}.`,
      queues.flatMap(({ labels, queueLimit }) => (queueLimit === undefined ? [] : [{ labels, value: queueLimit }])),
    ),
  ];
}

function closeWaitFamilies(cells: readonly Cell[]): MetricFamily[] {
  const waiting = cells.flatMap(({ labels, closeWait }) => (closeWait === undefined ? [] : [{ labels, ...closeWait }]));
  return [
    gauge(
      'tcpstate_netns_close_wait_oldest_seconds',
      LABELS,
      `Time that the oldest CLOSE_WAIT socket of another network namespace has waited for close(), at least, from ${SOURCE} and the first scrape that showed it.`,
      waiting.flatMap(({ labels, oldestSeconds }) =>
        oldestSeconds === undefined ? [] : [{ labels, value: oldestSeconds }],
      ),
    ),
    gauge(
      'tcpstate_netns_close_wait_stuck_sockets',
      [...LABELS, 'reason'],
      `Sockets of another network namespace in CLOSE_WAIT for longer than --close-wait.stuck-after, unclosed or never accepted by a process, from ${SOURCE} and the first scrape that showed them.`,
      waiting.flatMap(({ labels, unclosed, unaccepted }) => [
        { labels: [...labels, 'unclosed'] as const, value: unclosed },
        { labels: [...labels, 'unaccepted'] as const, value: unaccepted },
      ]),
    ),
  ];
}

/** Each limited over all namespaces together. */
function sharedFamilies(sockets: NetnsSockets | undefined): MetricFamily[] {
  const connections = sockets?.connections.cells ?? [];
  const connectionName = remoteNameLabel(connections);
  const destinationName = remoteNameLabel(sockets?.destinations.cells ?? []);
  const destinations = (sockets?.destinations.cells ?? []).map((cell) => ({
    ...cell,
    labels: [
      ...labelsOf(cell),
      cell.family,
      cell.localIp,
      cell.remoteIp,
      String(cell.remotePort),
      ...destinationName.of(cell),
    ] as const,
  }));
  const destinationLabels = [
    ...LABELS,
    'family',
    'local_ip',
    'remote_ip',
    'remote_port',
    ...destinationName.names,
  ] as const;
  return [
    gauge(
      'tcpstate_netns_ephemeral_destination_ports_used',
      destinationLabels,
      `Local ports used by outbound sockets of another network namespace from one local address towards one destination, the busiest destinations only, from ${SOURCE}.`,
      destinations.map(({ labels, portsUsed }) => ({ labels, value: portsUsed })),
    ),
    gauge(
      'tcpstate_netns_ephemeral_destination_ports_time_wait',
      destinationLabels,
      `Those of tcpstate_netns_ephemeral_destination_ports_used that are in the ephemeral range and in TIME_WAIT, from ${SOURCE}.`,
      destinations.map(({ labels, portsTimeWait }) => ({ labels, value: portsTimeWait })),
    ),
    gauge(
      'tcpstate_netns_connections',
      [...LABELS, 'state', 'direction', 'local_port', 'remote_ip', 'remote_port', ...connectionName.names],
      `TCP connections of other network namespaces by state, service port and peer, the smallest groups of all namespaces aggregated in other, from ${SOURCE}.`,
      connections.map((cell) => ({
        labels: [
          ...labelsOf(cell),
          stateLabel(cell.state),
          cell.direction,
          cell.localPort,
          cell.remoteIp,
          cell.remotePort,
          ...connectionName.of(cell),
        ] as const,
        value: cell.sockets,
      })),
    ),
    gauge(
      'tcpstate_netns_listener_accept_queue_length',
      [...LABELS, 'local_ip', 'local_port'],
      `Connections that wait for accept() at the fullest listener of another network namespace with this address and port, the fullest only, from ${SOURCE}.`,
      (sockets?.listeners.cells ?? []).map((cell) => ({
        labels: [...labelsOf(cell), cell.localIp, String(cell.localPort)] as const,
        value: cell.queueLength,
      })),
    ),
  ];
}

function labelsOf({ netns, namespace, pod }: NetnsLabels) {
  return [netns, namespace, pod] as const;
}
