import type { SocketCounts } from '../model/socket-counts.ts';
import { stateLabel } from '../model/tcp-state.ts';
import { gauge, type MetricFamily } from './family.ts';
import { SOCKET_TABLE } from './sources.ts';

export function remoteIpFamilies(sockets: SocketCounts | undefined): MetricFamily[] {
  return [
    gauge(
      'tcpstate_remote_ip_sockets',
      ['state', 'remote_ip'],
      `TCP connections by state and address or prefix of the peer, the smallest groups aggregated in other, from ${SOCKET_TABLE}.`,
      (sockets?.remoteIps?.cells ?? []).map((cell) => ({
        labels: [stateLabel(cell.state), cell.remoteIp],
        value: cell.sockets,
      })),
    ),
  ];
}
