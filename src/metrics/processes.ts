import type { SocketCounts } from '../model/socket-counts.ts';
import { stateLabel } from '../model/tcp-state.ts';
import { gauge, type MetricFamily } from './family.ts';

const OWNERS = '/proc/PID/fd (Windows: GetExtendedTcpTable)';

export function processFamilies(sockets: SocketCounts | undefined): MetricFamily[] {
  return [
    gauge(
      'tcpstate_process_sockets',
      ['state', 'process'],
      `TCP sockets by state and name of the owning process, the smallest groups folded into other, from ${OWNERS}.`,
      (sockets?.processes?.cells ?? []).map((cell) => ({
        labels: [stateLabel(cell.state), cell.process],
        value: cell.sockets,
      })),
    ),
    gauge(
      'tcpstate_unattributed_sockets',
      ['state', 'reason'],
      `TCP sockets whose process is unknown, by state and reason (kernel, unaccepted, permission, unresolved), from ${OWNERS}.`,
      (sockets?.unattributed ?? []).map((cell) => ({
        labels: [stateLabel(cell.state), cell.reason],
        value: cell.sockets,
      })),
    ),
    ...fileDescriptorFamilies(sockets),
  ];
}

function fileDescriptorFamilies(sockets: SocketCounts | undefined): MetricFamily[] {
  const processes = sockets?.processFds?.cells ?? [];
  return [
    gauge(
      'tcpstate_process_open_fds',
      ['process'],
      'Open file descriptors of the process nearest to its limit among those of one name, from /proc/PID/fd (Windows: handles, from GetProcessHandleCount).',
      processes.map(({ process, open }) => ({ labels: [process], value: open })),
    ),
    gauge(
      'tcpstate_process_max_fds',
      ['process'],
      'Soft limit of open files of the same process as in tcpstate_process_open_fds, from /proc/PID/limits.',
      processes.flatMap(({ process, limit }) => (limit === undefined ? [] : [{ labels: [process], value: limit }])),
    ),
  ];
}
