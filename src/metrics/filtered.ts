import type { Snapshot } from '../model/snapshot.ts';
import type { Breakdown } from '../model/socket-counts.ts';
import { stateLabel } from '../model/tcp-state.ts';
import { gauge, type MetricFamily } from './family.ts';

/** What filters keep off the page; on the page only where they drop it. */
export function filteredFamilies({ sockets, netns }: Pick<Snapshot, 'sockets' | 'netns'>): MetricFamily[] {
  const breakdowns: readonly (readonly [metric: string, breakdown: Breakdown<unknown> | undefined])[] = [
    ['tcpstate_connections', sockets?.connections],
    ['tcpstate_local_port_sockets', sockets?.localPorts],
    ['tcpstate_remote_ip_sockets', sockets?.remoteIps],
    ['tcpstate_process_sockets', sockets?.processes],
    ['tcpstate_unit_sockets', sockets?.units],
    ['tcpstate_netns_connections', netns?.sockets?.connections],
  ];
  return [
    gauge(
      'tcpstate_filtered_sockets',
      ['metric', 'state'],
      'Sockets that filters keep out of a metric, which has no series for them, by state, from the exporter.',
      breakdowns.flatMap(([metric, breakdown]) =>
        (breakdown?.dropped ?? []).map(({ state, sockets: value }) => ({ labels: [metric, stateLabel(state)], value })),
      ),
    ),
  ];
}
