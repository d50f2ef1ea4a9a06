import type { SocketCounts } from '../model/socket-counts.ts';
import { stateLabel } from '../model/tcp-state.ts';
import { gauge, type MetricFamily } from './family.ts';
import { remoteNameLabel } from './remote-name.ts';
import { SOCKET_TABLE } from './sources.ts';

export function connectionFamilies(sockets: SocketCounts | undefined): MetricFamily[] {
  const cells = sockets?.connections?.cells ?? [];
  const remoteName = remoteNameLabel(cells);
  return [
    gauge(
      'tcpstate_connections',
      ['state', 'direction', 'local_port', 'remote_ip', 'remote_port', 'process', ...remoteName.names],
      `TCP connections by state, service port, peer and owning process, the smallest groups aggregated in other, from ${SOCKET_TABLE}.`,
      cells.map((cell) => ({
        labels: [
          stateLabel(cell.state),
          cell.direction,
          cell.localPort,
          cell.remoteIp,
          cell.remotePort,
          cell.process,
          ...remoteName.of(cell),
        ],
        value: cell.sockets,
      })),
    ),
  ];
}
