import type { Conntrack } from '../model/snapshot.ts';
import { type MetricFamily, plainCounter, plainGauge } from './family.ts';

const STAT = '/proc/net/stat/nf_conntrack';

export function conntrackFamilies(conntrack: Conntrack | undefined): MetricFamily[] {
  return [
    plainGauge(
      'tcpstate_conntrack_entries',
      'Tracked connections of all protocols, from /proc/sys/net/netfilter/nf_conntrack_count.',
      conntrack?.entries,
    ),
    plainGauge(
      'tcpstate_conntrack_limit',
      'Most connections that can be tracked, from /proc/sys/net/netfilter/nf_conntrack_max.',
      conntrack?.limit,
    ),
    plainCounter(
      'tcpstate_conntrack_insert_failed_total',
      `Connections of all protocols dropped because they could not be entered in the table, for instance because source NAT has no port left towards their destination, from ${STAT} insert_failed.`,
      conntrack?.insertFailed,
    ),
    plainCounter(
      'tcpstate_conntrack_drops_total',
      `Packets dropped because their connection could not be tracked, failed insertions included, from ${STAT} drop.`,
      conntrack?.drops,
    ),
    plainCounter(
      'tcpstate_conntrack_early_drops_total',
      `Tracked connections evicted to make room for new ones, from ${STAT} early_drop.`,
      conntrack?.earlyDrops,
    ),
  ];
}
