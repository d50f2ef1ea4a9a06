import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import { countEphemeralPorts } from '../model/port-range.ts';
import type {
  EphemeralFamilyUse,
  EphemeralUse,
  FamilyLabel,
  PortHolder,
  SocketCounts,
} from '../model/socket-counts.ts';
import { gauge, type MetricFamily } from './family.ts';
import { remoteNameLabel } from './remote-name.ts';
import { SOCKET_TABLE } from './sources.ts';

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range (Windows: netsh show dynamicport)';
const RESERVED = 'ip_local_reserved_ports (Windows: show excludedportrange)';
const DESTINATION_LABELS = ['family', 'local_ip', 'remote_ip', 'remote_port'] as const;

export function ephemeralFamilies(
  rules: EphemeralRules | undefined,
  sockets: SocketCounts | undefined,
): MetricFamily[] {
  const use = sockets?.ephemeral;
  return [
    ...rangeFamilies(use?.families ?? rangesOf(rules)),
    ...useFamilies(use?.families ?? []),
    ...shareFamilies(use),
    ...holderFamilies(use),
    ...socketRangeFamilies(use),
  ];
}

type Range = Pick<EphemeralFamilyUse, 'family' | 'first' | 'last' | 'ports'>;

/** The range stays on the page even if the sockets could not be read. */
function rangesOf(rules: EphemeralRules | undefined): Range[] {
  return (['ipv4', 'ipv6'] as const satisfies FamilyLabel[]).flatMap((family) => {
    const range = rules?.ranges[family];
    return range === undefined
      ? []
      : [{ family, first: range.first, last: range.last, ports: countEphemeralPorts(range) }];
  });
}

function rangeFamilies(ranges: readonly Range[]): MetricFamily[] {
  return [
    gauge(
      'tcpstate_ephemeral_port_range_first',
      ['family'],
      `First port of the ephemeral range, from ${RANGE}.`,
      ranges.map(({ family, first }) => ({ labels: [family], value: first })),
    ),
    gauge(
      'tcpstate_ephemeral_port_range_last',
      ['family'],
      `Last port of the ephemeral range, from ${RANGE}.`,
      ranges.map(({ family, last }) => ({ labels: [family], value: last })),
    ),
    gauge(
      'tcpstate_ephemeral_ports',
      ['family'],
      `Ports of the range that the system may hand out, from ${RANGE} without ${RESERVED}.`,
      ranges.map(({ family, ports }) => ({ labels: [family], value: ports })),
    ),
  ];
}

function useFamilies(families: readonly EphemeralFamilyUse[]): MetricFamily[] {
  return [
    gauge(
      'tcpstate_ephemeral_ports_used',
      ['family'],
      `Distinct ports of the ephemeral range that any socket holds, TIME_WAIT and bound included, from ${SOCKET_TABLE}; a port counts even if other destinations may still use it; bind(address, 0) fails for the wildcard address when all are used.`,
      families.map(({ family, used }) => ({ labels: [family], value: used })),
    ),
    gauge(
      'tcpstate_ephemeral_ports_blocked',
      ['family'],
      `Ports of the ephemeral range that no connect() can get, whatever its destination: of listeners, of connections they accepted, and of bound sockets, from ${SOCKET_TABLE}.`,
      families.map(({ family, blocked }) => ({ labels: [family], value: blocked })),
    ),
    gauge(
      'tcpstate_ephemeral_ports_listening',
      ['family'],
      `Those of tcpstate_ephemeral_ports_blocked that are of listeners and of connections they accepted; the others are of bound sockets, from ${SOCKET_TABLE}.`,
      families.map(({ family, listening }) => ({ labels: [family], value: listening })),
    ),
    gauge(
      'tcpstate_ephemeral_ports_bound',
      ['family'],
      "Ports of the ephemeral range that sockets got by bind() before their connect(), which blocks them for every destination and both families, from the kernel's own table of ports.",
      families.flatMap(({ family, bound }) => (bound === undefined ? [] : [{ labels: [family], value: bound }])),
    ),
    gauge(
      'tcpstate_ephemeral_ports_bound_estimated',
      ['family'],
      `The same as tcpstate_ephemeral_ports_bound where the kernel does not say which they are, estimated by the parity of the ports in use, from ${SOCKET_TABLE}.`,
      families.flatMap(({ family, boundEstimate }) =>
        boundEstimate === undefined ? [] : [{ labels: [family], value: boundEstimate }],
      ),
    ),
    gauge(
      'tcpstate_ephemeral_utilization_ratio',
      ['family'],
      `Share of the ephemeral ports that the next connect() cannot get, 0 to 1, from ${SOCKET_TABLE}; on Linux the ports used towards the busiest destination, plus tcpstate_ephemeral_ports_blocked and tcpstate_ephemeral_ports_bound or tcpstate_ephemeral_ports_bound_estimated, minus TIME_WAIT ports that connect() may take over; on Windows all used ports.`,
      families.flatMap(({ family, utilization }) =>
        utilization === undefined ? [] : [{ labels: [family], value: utilization }],
      ),
    ),
  ];
}

/** Who holds the ports: destinations, and processes. */
function shareFamilies(use: EphemeralUse | undefined): MetricFamily[] {
  const cells = use?.destinations.cells ?? [];
  const remoteName = remoteNameLabel(cells);
  const destinationLabels = [...DESTINATION_LABELS, ...remoteName.names] as const;
  const destinations = cells.map((cell) => ({
    ...cell,
    labels: [cell.family, cell.localIp, cell.remoteIp, String(cell.remotePort), ...remoteName.of(cell)] as const,
  }));
  return [
    gauge(
      'tcpstate_ephemeral_destination_ports_used',
      destinationLabels,
      `Local ports used by outbound sockets from one local address towards one destination, in the ephemeral range or not, the busiest destinations only, from ${SOCKET_TABLE}.`,
      destinations.map(({ labels, portsUsed }) => ({ labels, value: portsUsed })),
    ),
    gauge(
      'tcpstate_ephemeral_destination_ports_outside',
      destinationLabels,
      `Those of tcpstate_ephemeral_destination_ports_used that lie outside the ephemeral range because the program chose them, from ${SOCKET_TABLE}.`,
      destinations.map(({ labels, portsOutside }) => ({ labels, value: portsOutside })),
    ),
    gauge(
      'tcpstate_ephemeral_destination_ports_time_wait',
      destinationLabels,
      `Those of tcpstate_ephemeral_destination_ports_used that are in the ephemeral range and in TIME_WAIT, from ${SOCKET_TABLE}.`,
      destinations.map(({ labels, portsTimeWait }) => ({ labels, value: portsTimeWait })),
    ),
    gauge(
      'tcpstate_ephemeral_destination_ports_reusable',
      destinationLabels,
      `Those of tcpstate_ephemeral_destination_ports_time_wait that the next connect() may take over: tcp_tw_reuse allows it, the connection used TCP timestamps (known of each, or inferred by destination), and the port has waited long enough, from ${SOCKET_TABLE}.`,
      destinations.map(({ labels, portsReusable }) => ({ labels, value: portsReusable })),
    ),
    gauge(
      'tcpstate_process_ephemeral_ports',
      ['process'],
      `Distinct ephemeral ports that the sockets of a process hold, the largest only, from ${SOCKET_TABLE}.`,
      (use?.processes?.cells ?? []).map(({ process, ports }) => ({ labels: [process], value: ports })),
    ),
  ];
}

/** Who holds the ports of the range that a service may want. */
function holderFamilies(use: EphemeralUse | undefined): MetricFamily[] {
  const { listeners = [], holders = [] } = use ?? {};
  return [
    gauge(
      'tcpstate_ephemeral_listeners',
      ['local_port', 'process'],
      `Listening sockets on unreserved ports of the ephemeral range, which a connect() may take while they restart, the rest in other, from ${SOCKET_TABLE}.`,
      listeners.map(toHolderSample),
    ),
    gauge(
      'tcpstate_ephemeral_port_holders',
      ['local_port', 'process'],
      `Outbound sockets on ports of the ephemeral range held for an hour or since the exporter started, the longest ones only, or connected to themselves, from ${SOCKET_TABLE}.`,
      holders.map(toHolderSample),
    ),
  ];
}

/** Ranges that are a program's own. */
function socketRangeFamilies(use: EphemeralUse | undefined): MetricFamily[] {
  const ranges = (use?.socketRanges ?? []).map(({ family, first, last, ports, utilization }) => ({
    labels: [family, String(first), String(last)] as const,
    ports,
    utilization,
  }));
  const labels = ['family', 'first_port', 'last_port'] as const;
  return [
    gauge(
      'tcpstate_ephemeral_socket_range_ports',
      labels,
      "Ports of a range that a program set for sockets of its own (IP_LOCAL_PORT_RANGE), the fullest ranges only, from the kernel's own tables.",
      ranges.map(({ labels: of, ports }) => ({ labels: of, value: ports })),
    ),
    gauge(
      'tcpstate_ephemeral_socket_range_utilization_ratio',
      labels,
      "Share of tcpstate_ephemeral_socket_range_ports that the next connect() of such a socket to the busiest destination cannot get, 0 to 1, from the kernel's own tables.",
      ranges.map(({ labels: of, utilization }) => ({ labels: of, value: utilization })),
    ),
  ];
}

function toHolderSample({ localPort, process, sockets }: PortHolder) {
  return { labels: [localPort, process] as const, value: sockets };
}
