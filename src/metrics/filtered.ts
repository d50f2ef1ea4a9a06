import type { Snapshot } from '../model/snapshot.ts';
import type { Breakdown } from '../model/socket-counts.ts';
import { stateLabel } from '../model/tcp-state.ts';
import { gauge, type MetricFamily } from './family.ts';

/** What the filters of a configuration file keep off the page; on the page only with `drop: true`. */
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
      'Sockets that the filters with drop: true keep out of a metric, by state, from --config.file.',
      breakdowns.flatMap(([metric, breakdown]) =>
        (breakdown?.dropped ?? []).map(({ state, sockets: value }) => ({ labels: [metric, stateLabel(state)], value })),
      ),
    ),
  ];
}
