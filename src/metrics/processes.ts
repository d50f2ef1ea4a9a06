import type { SocketCounts } from '../model/socket-counts.ts';
import { stateLabel } from '../model/tcp-state.ts';
import { gauge, type MetricFamily } from './family.ts';

const OWNERS = '/proc/PID/fd (Windows: GetExtendedTcpTable)';

export function processFamilies(sockets: SocketCounts | undefined): MetricFamily[] {
  return [
    gauge(
      'tcpstate_process_sockets',
      ['state', 'process'],
      `TCP sockets by state and name of the owning process, the smallest groups aggregated in other, from ${OWNERS}.`,
      (sockets?.processes?.cells ?? []).map((cell) => ({
        labels: [stateLabel(cell.state), cell.process],
        value: cell.sockets,
      })),
    ),
    gauge(
      'tcpstate_unattributed_sockets',
      ['state', 'reason'],
      `TCP sockets whose process is unknown, by state and reason (kernel, unaccepted, permission, unresolved, pid_namespace), from ${OWNERS}.`,
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
      'Open file descriptors of the process nearest to its limit, among those with this name that own sockets or use half of their limit, from /proc/PID/fd (Windows: handles, from GetProcessHandleCount).',
      processes.map(({ process, open }) => ({ labels: [process], value: open })),
    ),
    gauge(
      'tcpstate_process_max_fds',
      ['process'],
      'Soft limit of open files of the process in tcpstate_process_open_fds, from /proc/PID/limits.',
      processes.flatMap(({ process, limit }) => (limit === undefined ? [] : [{ labels: [process], value: limit }])),
    ),
    gauge(
      'tcpstate_process_closed_socket_fds',
      ['process'],
      'File descriptors of the process in tcpstate_process_open_fds that hold a TCP socket which no table lists (reset by the peer, timed out or never connected) or one of another network namespace, if it uses half of its limit, from /proc/PID/fd and the xattr system.sockprotoname.',
      processes.flatMap(({ process, closedSockets }) =>
        closedSockets === undefined ? [] : [{ labels: [process], value: closedSockets }],
      ),
    ),
  ];
}
