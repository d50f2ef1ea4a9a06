import type { SsSocket } from '../sockets/ss.ts';
import { directionsByContract } from '../tables/contract-directions.ts';

/** Metric name → `label="value",…` of each of its cells → value. Zeros are left out. */
export type Cells = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The metrics that `expectedCells` works out. */
export const COMPARED_METRICS = [
  'tcpstate_sockets',
  'tcpstate_local_port_sockets',
  'tcpstate_remote_ip_sockets',
  'tcpstate_process_sockets',
  'tcpstate_connections',
  'tcpstate_listener_accept_queue_length',
  'tcpstate_listener_accept_queue_limit',
] as const;

/** Whether an outbound socket's local port is shown as `ephemeral`. */
export type IsEphemeral = (port: number) => boolean;

/** What the page must say of these sockets, by the words of the metric contract: slow, and plain to see. */
export function expectedCells(sockets: readonly SsSocket[], isEphemeral: IsEphemeral): Cells {
  const cells: Record<string, Record<string, number>> = {};
  for (const metric of COMPARED_METRICS) cells[metric] = {};
  const listeners = sockets.filter(({ state }) => state === 'listen');
  const shownAs = directionsByContract(sockets, isEphemeral);
  for (const socket of sockets) {
    const { family, state, localPort } = socket;
    const { isInbound, shownPort } = shownAs(socket);
    const process = socket.process ?? inheritedProcess(socket, listeners);
    count('tcpstate_sockets', { family, state });
    count('tcpstate_local_port_sockets', { state, local_port: shownPort });
    count('tcpstate_process_sockets', { state, process });
    if (state === 'listen') {
      const listener = { local_ip: socket.localIp, local_port: localPort, process };
      count('tcpstate_listener_accept_queue_length', listener, socket.receiveQueue);
      count('tcpstate_listener_accept_queue_limit', listener, socket.sendQueue);
    } else if (state !== 'bound') {
      count('tcpstate_remote_ip_sockets', { state, remote_ip: socket.remoteIp });
      count('tcpstate_connections', {
        state,
        direction: isInbound ? 'inbound' : 'outbound',
        local_port: shownPort,
        remote_ip: socket.remoteIp,
        remote_port: isInbound ? '' : socket.remotePort,
        process,
      });
    }
  }
  return cells;

  function count(metric: (typeof COMPARED_METRICS)[number], labels: Readonly<Record<string, string | number>>, by = 1) {
    const key = cellKey(labels);
    if (by !== 0) cells[metric]![key] = (cells[metric]![key] ?? 0) + by;
  }
}

/** The process of a socket without an owner: its listener's. Of several the one at its own address comes first. */
function inheritedProcess(socket: SsSocket, listeners: readonly SsSocket[]): string {
  const onPort = listeners.filter(({ localPort }) => localPort === socket.localPort);
  const exact = onPort.find(({ localIp }) => localIp === socket.localIp);
  const any = onPort.find(({ localIp, remoteIp }) => localIp === remoteIp);
  return (exact ?? any)?.process ?? 'unknown';
}

/** One text for a set of labels, whatever their order. */
export function cellKey(labels: Readonly<Record<string, string | number>>): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}="${labels[name]}"`)
    .join();
}
