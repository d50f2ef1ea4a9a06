import type { TcpSettings } from '../model/settings.ts';
import { type MetricFamily, plainGauge } from './family.ts';

export function timeWaitFamilies(settings: TcpSettings | undefined): MetricFamily[] {
  return [
    plainGauge(
      'tcpstate_time_wait_duration_seconds',
      'How long a socket stays in TIME_WAIT, from TCP_TIMEWAIT_LEN of the kernel or /proc/sys/net/ipv4/tcp_tw_timeout of kernels that have it (Windows: registry TcpTimedWaitDelay).',
      settings?.timeWaitDurationSeconds,
    ),
    plainGauge(
      'tcpstate_time_wait_limit',
      'Most sockets that may be in TIME_WAIT at once, from /proc/sys/net/ipv4/tcp_max_tw_buckets.',
      settings?.tcpMaxTwBuckets,
    ),
  ];
}
