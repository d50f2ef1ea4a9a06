import type { SocketCounts } from '../model/socket-counts.ts';
import { gauge, type MetricFamily } from './family.ts';

export function closeWaitFamilies(sockets: SocketCounts | undefined): MetricFamily[] {
  const ages = sockets?.closeWait;
  return [
    gauge(
      'tcpstate_close_wait_oldest_seconds',
      ['process'],
      'Longest time that a CLOSE_WAIT socket of the process has waited for close() at least, from inet_diag tcpi_last_ack_recv (Windows: since the first scrape that showed it).',
      (ages?.oldest ?? []).map(({ process, seconds }) => ({ labels: [process], value: seconds })),
    ),
    gauge(
      'tcpstate_close_wait_stuck_sockets',
      ['process', 'reason'],
      'Sockets in CLOSE_WAIT for longer than --close-wait.stuck-after, unclosed or never accepted by the process, from inet_diag tcpi_last_ack_recv (Windows: since the first scrape that showed it).',
      (ages?.stuck ?? []).map((cell) => ({ labels: [cell.process, cell.reason], value: cell.sockets })),
    ),
  ];
}
