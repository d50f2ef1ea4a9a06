import type { SocketCounts } from '../model/socket-counts.ts';
import { gauge, type MetricFamily } from './family.ts';

const LABELS = ['local_ip', 'local_port', 'process'] as const;

export function listenerFamilies(sockets: SocketCounts | undefined): MetricFamily[] {
  const listeners = (sockets?.listeners?.cells ?? []).map((cell) => ({
    ...cell,
    labels: [cell.localIp, String(cell.localPort), cell.process] as const,
  }));
  return [
    gauge(
      'tcpstate_listener_accept_queue_length',
      LABELS,
      'Connections that wait for accept(), of the fullest listener among those of one address, port and process, from inet_diag or /proc/net/tcp.',
      listeners.map(({ labels, queueLength }) => ({ labels, value: queueLength })),
    ),
    gauge(
      'tcpstate_listener_accept_queue_limit',
      LABELS,
      'Most connections that may wait for accept(): the backlog given to listen(), cut to somaxconn, from inet_diag.',
      listeners.flatMap(({ labels, queueLimit }) => (queueLimit === undefined ? [] : [{ labels, value: queueLimit }])),
    ),
  ];
}
