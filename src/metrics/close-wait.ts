import type { SocketCounts } from '../model/socket-counts.ts';
import { gauge, type MetricFamily } from './family.ts';

export function closeWaitFamilies(sockets: SocketCounts | undefined): MetricFamily[] {
  const ages = sockets?.closeWait;
  return [
    gauge(
      'tcpstate_close_wait_oldest_seconds',
      ['process'],
      'Time that the oldest CLOSE_WAIT socket of the process has waited for close(), at least: since its last ACK or the first scrape that showed it, but no longer than since data was last sent there, from inet_diag tcpi_last_ack_recv and tcpi_last_data_sent (Windows: since that scrape).',
      (ages?.oldest ?? []).map(({ process, seconds }) => ({ labels: [process], value: seconds })),
    ),
    gauge(
      'tcpstate_close_wait_stuck_sockets',
      ['process', 'reason'],
      'Sockets in CLOSE_WAIT for longer than --close-wait.stuck-after, unclosed or never accepted by the process, as tcpstate_close_wait_oldest_seconds has their age, from inet_diag tcpi_last_ack_recv and tcpi_last_data_sent.',
      (ages?.stuck ?? []).map((cell) => ({ labels: [cell.process, cell.reason], value: cell.sockets })),
    ),
  ];
}
