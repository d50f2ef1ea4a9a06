import type { SocketCounts } from '../model/socket-counts.ts';
import { stateLabel } from '../model/tcp-state.ts';
import { gauge, type MetricFamily } from './family.ts';
import { SOCKET_TABLE } from './sources.ts';

export function localPortFamilies(sockets: SocketCounts | undefined): MetricFamily[] {
  return [
    gauge(
      'tcpstate_local_port_sockets',
      ['state', 'local_port'],
      `TCP sockets by state and local port, ports of outbound sockets aggregated in ephemeral and the smallest groups in other, from ${SOCKET_TABLE}.`,
      (sockets?.localPorts?.cells ?? []).map((cell) => ({
        labels: [stateLabel(cell.state), cell.localPort],
        value: cell.sockets,
      })),
    ),
  ];
}
