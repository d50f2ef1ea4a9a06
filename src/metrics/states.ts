import type { FamilyLabel, SocketCounts, StateCounts } from '../model/socket-counts.ts';
import { KNOWN_STATES, stateLabel, TcpState } from '../model/tcp-state.ts';
import { gauge, type MetricFamily, type SampleOf } from './family.ts';
import { SOCKET_TABLE } from './sources.ts';

export function stateFamilies(sockets: SocketCounts | undefined): MetricFamily[] {
  const states = sockets?.states;
  return [
    gauge(
      'tcpstate_sockets',
      ['family', 'state'],
      `TCP sockets by address family and state, from ${SOCKET_TABLE}.`,
      states === undefined ? [] : [...samplesOf('ipv4', states.ipv4), ...samplesOf('ipv6', states.ipv6)],
    ),
  ];
}

/**
 * Zero for every known state that the source shows: an alert on a state that never occurred must see 0. A state that
 * the source does not show is absent, not 0.
 */
function samplesOf(family: FamilyLabel, counts: StateCounts): SampleOf<['family', 'state']>[] {
  const unknown = (counts[TcpState.unknown] ?? 0) > 0 ? [TcpState.unknown] : [];
  return [...KNOWN_STATES, ...unknown].flatMap((state) => {
    const value = counts[state];
    return value === undefined ? [] : [{ labels: [family, stateLabel(state)], value }];
  });
}
