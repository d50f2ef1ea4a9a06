import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import { countEphemeralPorts } from '../model/port-range.ts';
import type { EphemeralFamilyUse, EphemeralUse, FamilyLabel, SocketCounts } from '../model/socket-counts.ts';
import { gauge, type MetricFamily } from './family.ts';
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
  ];
}

type Range = Pick<EphemeralFamilyUse, 'family' | 'first' | 'last' | 'ports'>;

/** The range stays on the page when the sockets could not be read. */
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
      `Distinct ports of the ephemeral range that any socket holds, TIME_WAIT and bound included, from ${SOCKET_TABLE}; a port counts whether or not other destinations may still use it, so on Linux only this number reaches the limit when sockets made with bind(address, 0) and then connect() block their ports for every destination, which the kernel does not show.`,
      families.map(({ family, used }) => ({ labels: [family], value: used })),
    ),
    gauge(
      'tcpstate_ephemeral_ports_blocked',
      ['family'],
      `Ports of the ephemeral range that no connect() can get whatever its destination, as far as listeners and bound sockets show it, from ${SOCKET_TABLE}.`,
      families.map(({ family, blocked }) => ({ labels: [family], value: blocked })),
    ),
    gauge(
      'tcpstate_ephemeral_utilization_ratio',
      ['family'],
      `Share of the ephemeral ports that the next connect() cannot get, 0 to 1, from ${SOCKET_TABLE}; on Windows all ports used, on Linux the ports used towards the busiest destination plus those blocked by listeners and bound sockets, so it cannot see that a socket made with bind(address, 0) and then connect() blocks its port for every destination (compare tcpstate_ephemeral_ports_used).`,
      families.flatMap(({ family, utilization }) =>
        utilization === undefined ? [] : [{ labels: [family], value: utilization }],
      ),
    ),
  ];
}

/** Who holds the ports: destinations, and processes. */
function shareFamilies(use: EphemeralUse | undefined): MetricFamily[] {
  const destinations = (use?.destinations.cells ?? []).map((cell) => ({
    ...cell,
    labels: [cell.family, cell.localIp, cell.remoteIp, String(cell.remotePort)] as const,
  }));
  return [
    gauge(
      'tcpstate_ephemeral_destination_ports_used',
      DESTINATION_LABELS,
      `Ephemeral ports used from one local address towards one destination, the busiest destinations only, from ${SOCKET_TABLE}.`,
      destinations.map(({ labels, portsUsed }) => ({ labels, value: portsUsed })),
    ),
    gauge(
      'tcpstate_ephemeral_destination_ports_time_wait',
      DESTINATION_LABELS,
      `Those of tcpstate_ephemeral_destination_ports_used that are in TIME_WAIT, from ${SOCKET_TABLE}.`,
      destinations.map(({ labels, portsTimeWait }) => ({ labels, value: portsTimeWait })),
    ),
    gauge(
      'tcpstate_process_ephemeral_ports',
      ['process'],
      `Distinct ephemeral ports that the sockets of a process hold, the largest only, from ${SOCKET_TABLE}.`,
      (use?.processes?.cells ?? []).map(({ process, ports }) => ({ labels: [process], value: ports })),
    ),
  ];
}
