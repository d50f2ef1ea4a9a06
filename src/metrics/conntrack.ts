import type { Conntrack } from '../model/snapshot.ts';
import { type MetricFamily, plainGauge } from './family.ts';

export function conntrackFamilies(conntrack: Conntrack | undefined): MetricFamily[] {
  return [
    plainGauge(
      'tcpstate_conntrack_entries',
      'Connections of all protocols that are tracked, from /proc/sys/net/netfilter/nf_conntrack_count.',
      conntrack?.entries,
    ),
    plainGauge(
      'tcpstate_conntrack_limit',
      'Most connections that can be tracked, from /proc/sys/net/netfilter/nf_conntrack_max.',
      conntrack?.limit,
    ),
  ];
}
