import type { Snapshot } from '../model/snapshot.ts';
import type { Breakdown } from '../model/socket-counts.ts';
import { gauge, type MetricFamily } from './family.ts';

/** The scrape itself: time, success and source of each collector, and what the limits left out. */
export function scrapeFamilies({ outcomes, sourceRejections = {}, ...snapshot }: Snapshot): MetricFamily[] {
  return [
    gauge(
      'tcpstate_scrape_collector_duration_seconds',
      ['collector'],
      'Time a collector took in this scrape, from the clock of the exporter.',
      outcomes.map(({ collector, seconds }) => ({ labels: [collector], value: seconds })),
    ),
    gauge(
      'tcpstate_scrape_collector_success',
      ['collector'],
      'Whether a collector succeeded in this scrape (1) or its series are missing (0), from the exporter.',
      outcomes.map(({ collector, success }) => ({ labels: [collector], value: Number(success) })),
    ),
    gauge(
      'tcpstate_source_info',
      ['collector', 'source'],
      'Always 1; the label source shows what a collector reads, from the exporter.',
      outcomes.flatMap(({ collector, source }) =>
        source === undefined ? [] : [{ labels: [collector, source], value: 1 }],
      ),
    ),
    {
      name: 'tcpstate_source_rejections_total',
      type: 'counter',
      help: 'Times that the reader in the kernel (bpf) was switched off since it differed from inet_diag (disagrees) or did not work (fails), from the exporter.',
      labelNames: ['source', 'reason'],
      samples: Object.entries(sourceRejections).map(([reason, value]) => ({ labels: ['bpf', reason], value })),
    },
    gauge(
      'tcpstate_series_folded',
      ['metric'],
      'Groups beyond the limit of a metric, aggregated in its other or left out if it has none, from the exporter.',
      foldedSeries(snapshot).flatMap(([metric, folded]) =>
        folded === undefined ? [] : [{ labels: [metric], value: folded }],
      ),
    ),
  ];
}

function foldedSeries({
  sockets,
  netns,
  connectionEvents,
}: Omit<Snapshot, 'outcomes'>): [metric: string, folded: number | undefined][] {
  const closeWait = sockets?.closeWait;
  return [
    ['tcpstate_connections', foldedOf(sockets?.connections)],
    ['tcpstate_local_port_sockets', foldedOf(sockets?.localPorts)],
    ['tcpstate_remote_ip_sockets', foldedOf(sockets?.remoteIps)],
    ['tcpstate_process_sockets', foldedOf(sockets?.processes)],
    ['tcpstate_process_open_fds', foldedOf(sockets?.processFds)],
    ['tcpstate_unit_sockets', foldedOf(sockets?.units)],
    ['tcpstate_ephemeral_destination_ports_used', foldedOf(sockets?.ephemeral?.destinations)],
    ['tcpstate_process_ephemeral_ports', foldedOf(sockets?.ephemeral?.processes)],
    [
      'tcpstate_close_wait_oldest_seconds',
      closeWait && foldedOf({ cells: closeWait.oldest, folded: closeWait.folded }),
    ],
    ['tcpstate_listener_accept_queue_length', foldedOf(sockets?.listeners)],
    ['tcpstate_listener_dropped_connections_total', foldedOf(sockets?.listenerDrops)],
    ['tcpstate_netns_inuse_sockets', netns && foldedOf(netns)],
    ['tcpstate_connects_total', connectionEvents?.folded.outbound],
    ['tcpstate_connections_accepted_total', connectionEvents?.folded.inbound],
    ['tcpstate_connection_lifetime_seconds', connectionEvents?.folded.lifetimes],
    ['tcpstate_netns_sockets', netns?.sockets?.foldedStates],
    ['tcpstate_netns_ephemeral_destination_ports_used', foldedOf(netns?.sockets?.destinations)],
    ['tcpstate_netns_connections', foldedOf(netns?.sockets?.connections)],
    ['tcpstate_netns_listener_accept_queue_length', foldedOf(netns?.sockets?.listeners)],
    ['tcpstate_netns_close_wait_oldest_seconds', foldedOf(netns?.sockets?.closeWait)],
    ['tcpstate_netns_ephemeral_socket_range_utilization_ratio', foldedOf(netns?.sockets?.socketRanges)],
  ];
}

/** A breakdown without any group is not on the page, so it has no value here. */
function foldedOf(breakdown: Breakdown<unknown> | undefined): number | undefined {
  return breakdown && (breakdown.cells.length > 0 || breakdown.folded > 0) ? breakdown.folded : undefined;
}
