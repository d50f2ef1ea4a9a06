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
      'Connections that wait for accept(), at the fullest listener with this address, port and process, from inet_diag or /proc/net/tcp.',
      listeners.map(({ labels, queueLength }) => ({ labels, value: queueLength })),
    ),
    gauge(
      'tcpstate_listener_accept_queue_limit',
      LABELS,
      'Most connections that may wait for accept(): the backlog given to listen(), capped at somaxconn, from inet_diag.',
      listeners.flatMap(({ labels, queueLimit }) => (queueLimit === undefined ? [] : [{ labels, value: queueLimit }])),
    ),
    {
      name: 'tcpstate_listener_dropped_connections_total',
      type: 'counter',
      help: 'Connections that the listeners of one address, port and process dropped for certain, overflows of their accept queue above all, from inet_diag sk_drops and /proc/net/netstat TcpExt ListenDrops.',
      labelNames: LABELS,
      samples: (sockets?.listenerDrops?.cells ?? []).map(({ localIp, localPort, process, drops }) => ({
        labels: [localIp, String(localPort), process],
        value: drops,
      })),
    },
  ];
}
