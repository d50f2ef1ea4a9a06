import type { SocketCounts } from '../model/socket-counts.ts';
import { gauge, type MetricFamily } from './family.ts';

export function closeWaitFamilies(sockets: SocketCounts | undefined): MetricFamily[] {
  const ages = sockets?.closeWait;
  return [
    gauge(
      'tcpstate_close_wait_oldest_seconds',
      ['process'],
      'Time that the oldest CLOSE_WAIT socket of the process has waited for close(), at least, since it last sent data, from inet_diag tcpi_last_ack_recv, tcpi_last_data_sent and the first scrape that showed it (Windows: that scrape alone).',
      (ages?.oldest ?? []).map(({ process, seconds }) => ({ labels: [process], value: seconds })),
    ),
    gauge(
      'tcpstate_close_wait_stuck_sockets',
      ['process', 'reason'],
      'Sockets in CLOSE_WAIT for longer than --close-wait.stuck-after, unclosed or never accepted by the process, without data sent since then, from inet_diag tcpi_last_ack_recv, tcpi_last_data_sent and the first scrape that showed them (Windows: that scrape alone).',
      (ages?.stuck ?? []).map((cell) => ({ labels: [cell.process, cell.reason], value: cell.sockets })),
    ),
  ];
}
