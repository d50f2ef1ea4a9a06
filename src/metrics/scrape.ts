import type { CollectorOutcome } from '../model/snapshot.ts';
import type { Breakdown, SocketCounts } from '../model/socket-counts.ts';
import { gauge, type MetricFamily } from './family.ts';

/** How the scrape itself went: what each collector took and read, and what the series budget left out. */
export function scrapeFamilies(
  outcomes: readonly CollectorOutcome[],
  sockets: SocketCounts | undefined,
): MetricFamily[] {
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
      'Always 1, the label source tells what a collector reads, from the exporter.',
      outcomes.flatMap(({ collector, source }) =>
        source === undefined ? [] : [{ labels: [collector, source], value: 1 }],
      ),
    ),
    gauge(
      'tcpstate_folded_cells',
      ['metric'],
      'Groups beyond the series budget of a metric, which are in its cell other or, where sums mean nothing, left out, from the exporter.',
      foldedCells(sockets).flatMap(([metric, folded]) =>
        folded === undefined ? [] : [{ labels: [metric], value: folded }],
      ),
    ),
  ];
}

function foldedCells(sockets: SocketCounts | undefined): [metric: string, folded: number | undefined][] {
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
  ];
}

/** A breakdown without any cell is not on the page, so nothing is said about it here. */
function foldedOf(breakdown: Breakdown<unknown> | undefined): number | undefined {
  return breakdown && (breakdown.cells.length > 0 || breakdown.folded > 0) ? breakdown.folded : undefined;
}
