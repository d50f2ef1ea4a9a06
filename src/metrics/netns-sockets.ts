import type { NetnsLabels, NetnsOwner, NetnsSockets } from '../model/netns-sockets.ts';
import { stateLabel } from '../model/tcp-state.ts';
import { gauge, type MetricFamily } from './family.ts';
import { remoteNameLabel } from './remote-name.ts';

const LABELS = ['netns', 'namespace', 'pod'] as const;
const OWNER_LABELS = [...LABELS, 'container', 'unit', 'process'] as const;
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
    ...closeWaitFamilies(sockets),
    ...destinationFamilies(sockets),
    ...socketRangeFamilies(sockets),
    ...connectionFamilies(sockets),
    ...listenerFamilies(sockets),
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
  const queues = cells.flatMap(({ netns, namespace, pod, fullestQueue: queue }) =>
    queue === undefined
      ? []
      : [{ ...queue, labels: [...ownerOf({ netns, namespace, pod, ...queue }), String(queue.localPort)] as const }],
  );
  return [
    gauge(
      'tcpstate_netns_fullest_accept_queue_length',
      [...OWNER_LABELS, 'local_port'],
      `Connections that wait for accept() at the listener of another network namespace whose queue is fullest, from ${SOURCE}.`,
      queues.map(({ labels, queueLength }) => ({ labels, value: queueLength })),
    ),
    gauge(
      'tcpstate_netns_fullest_accept_queue_limit',
      [...OWNER_LABELS, 'local_port'],
      `Most connections that may wait for accept() at the listener of tcpstate_netns_fullest_accept_queue_length, from ${SOURCE}.`,
      queues.flatMap(({ labels, queueLimit }) => (queueLimit === undefined ? [] : [{ labels, value: queueLimit }])),
    ),
  ];
}

/** By who does not close, limited over all namespaces together like all that follow. */
function closeWaitFamilies(sockets: NetnsSockets | undefined): MetricFamily[] {
  const waiting = (sockets?.closeWait.cells ?? []).map((cell) => ({ ...cell, labels: ownerOf(cell) }));
  return [
    gauge(
      'tcpstate_netns_close_wait_oldest_seconds',
      OWNER_LABELS,
      `Time that the oldest CLOSE_WAIT socket of a process in another network namespace has waited for close(), at least, from ${SOURCE} and the first scrape that showed it.`,
      waiting.map(({ labels, oldestSeconds }) => ({ labels, value: oldestSeconds })),
    ),
    gauge(
      'tcpstate_netns_close_wait_stuck_sockets',
      [...OWNER_LABELS, 'reason'],
      `Sockets of another network namespace in CLOSE_WAIT for longer than --close-wait.stuck-after, unclosed or never accepted by the process, from ${SOURCE} and the first scrape that showed them.`,
      waiting.flatMap(({ labels, unclosed, unaccepted }) => [
        { labels: [...labels, 'unclosed'] as const, value: unclosed },
        { labels: [...labels, 'unaccepted'] as const, value: unaccepted },
      ]),
    ),
  ];
}

function destinationFamilies(sockets: NetnsSockets | undefined): MetricFamily[] {
  const cells = sockets?.destinations.cells ?? [];
  const remoteName = remoteNameLabel(cells);
  const destinations = cells.map((cell) => ({
    ...cell,
    labels: [
      ...ownerOf(cell),
      cell.family,
      cell.localIp,
      cell.remoteIp,
      String(cell.remotePort),
      ...remoteName.of(cell),
    ] as const,
  }));
  const labelNames = [...OWNER_LABELS, 'family', 'local_ip', 'remote_ip', 'remote_port', ...remoteName.names] as const;
  return [
    gauge(
      'tcpstate_netns_ephemeral_destination_ports_used',
      labelNames,
      `Local ports used by outbound sockets of another network namespace from one local address towards one destination, the busiest destinations only, container, unit and process where they are the same of all, from ${SOURCE}.`,
      destinations.map(({ labels, portsUsed }) => ({ labels, value: portsUsed })),
    ),
    gauge(
      'tcpstate_netns_ephemeral_destination_ports_time_wait',
      labelNames,
      `Those of tcpstate_netns_ephemeral_destination_ports_used that are in the ephemeral range and in TIME_WAIT, from ${SOURCE}.`,
      destinations.map(({ labels, portsTimeWait }) => ({ labels, value: portsTimeWait })),
    ),
    gauge(
      'tcpstate_netns_ephemeral_destination_ports_outside',
      labelNames,
      `Those of tcpstate_netns_ephemeral_destination_ports_used that lie outside the ephemeral range of their namespace because the program chose them, from ${SOURCE}.`,
      destinations.map(({ labels, portsOutside }) => ({ labels, value: portsOutside })),
    ),
    gauge(
      'tcpstate_netns_ephemeral_destination_ports_reusable',
      labelNames,
      `Those of tcpstate_netns_ephemeral_destination_ports_time_wait that the next connect() may take over, as tcpstate_ephemeral_destination_ports_reusable, from ${SOURCE}.`,
      destinations.map(({ labels, portsReusable }) => ({ labels, value: portsReusable })),
    ),
  ];
}

function socketRangeFamilies(sockets: NetnsSockets | undefined): MetricFamily[] {
  return [
    gauge(
      'tcpstate_netns_ephemeral_socket_range_utilization_ratio',
      [...LABELS, 'family', 'first_port', 'last_port'],
      `Share of the ports of a range that a program in another network namespace set for sockets of its own (IP_LOCAL_PORT_RANGE) that the next connect() of such a socket to the busiest destination cannot get, 0 to 1, the fullest ranges only, from ${SOURCE}.`,
      (sockets?.socketRanges.cells ?? []).map((cell) => ({
        labels: [...labelsOf(cell), cell.family, String(cell.first), String(cell.last)] as const,
        value: cell.utilization,
      })),
    ),
  ];
}

function connectionFamilies(sockets: NetnsSockets | undefined): MetricFamily[] {
  const cells = sockets?.connections.cells ?? [];
  const remoteName = remoteNameLabel(cells);
  return [
    gauge(
      'tcpstate_netns_connections',
      [...OWNER_LABELS, 'state', 'direction', 'local_port', 'remote_ip', 'remote_port', ...remoteName.names],
      `TCP connections of other network namespaces by owner, state, service port and peer, the smallest groups of all namespaces aggregated in other, from ${SOURCE}.`,
      cells.map((cell) => ({
        labels: [
          ...ownerOf(cell),
          stateLabel(cell.state),
          cell.direction,
          cell.localPort,
          cell.remoteIp,
          cell.remotePort,
          ...remoteName.of(cell),
        ] as const,
        value: cell.sockets,
      })),
    ),
  ];
}

function listenerFamilies(sockets: NetnsSockets | undefined): MetricFamily[] {
  const listeners = (sockets?.listeners.cells ?? []).map((cell) => ({
    ...cell,
    labels: [...ownerOf(cell), cell.localIp, String(cell.localPort)] as const,
  }));
  return [
    gauge(
      'tcpstate_netns_listener_accept_queue_length',
      [...OWNER_LABELS, 'local_ip', 'local_port'],
      `Connections that wait for accept() at the fullest listener of another network namespace with this address and port, the fullest only, from ${SOURCE}.`,
      listeners.map(({ labels, queueLength }) => ({ labels, value: queueLength })),
    ),
    gauge(
      'tcpstate_netns_listener_accept_queue_limit',
      [...OWNER_LABELS, 'local_ip', 'local_port'],
      `Most connections that may wait for accept() at the listener of tcpstate_netns_listener_accept_queue_length: the backlog given to listen(), capped at the somaxconn of its namespace, from ${SOURCE}.`,
      listeners.flatMap(({ labels, queueLimit }) => (queueLimit === undefined ? [] : [{ labels, value: queueLimit }])),
    ),
  ];
}

function labelsOf({ netns, namespace, pod }: NetnsLabels) {
  return [netns, namespace, pod] as const;
}

function ownerOf({ netns, namespace, pod, container, unit, process }: NetnsOwner) {
  return [netns, namespace, pod, container, unit, process] as const;
}
