import type { SocketCounts } from '../model/socket-counts.ts';
import { stateLabel } from '../model/tcp-state.ts';
import { gauge, type MetricFamily } from './family.ts';

export function unitFamilies(sockets: SocketCounts | undefined): MetricFamily[] {
  return [
    gauge(
      'tcpstate_unit_sockets',
      ['state', 'unit'],
      'TCP sockets by state and systemd unit or container, from /proc/PID/cgroup of their owner or the cgroup id in inet_diag (Windows: service, from the service manager), the smallest groups aggregated in other.',
      (sockets?.units?.cells ?? []).map((cell) => ({
        labels: [stateLabel(cell.state), cell.unit],
        value: cell.sockets,
      })),
    ),
  ];
}
