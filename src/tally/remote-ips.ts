import type { AddressWords } from '../model/ip-address.ts';
import type { Breakdown, RemoteIpCell } from '../model/socket-counts.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { TcpState } from '../model/tcp-state.ts';
import type { Peers } from './peers.ts';
import { createStateBreakdown } from './state-breakdown.ts';
import { StateCounts } from './state-counts.ts';

/** Counts sockets by state and peer. LISTEN and bound sockets have no peer. */
export function createRemoteIpsTally(table: SocketTable, limit: number) {
  const counts = new StateCounts();
  const { addresses } = table;
  let peers: Peers | undefined;
  const select = createStateBreakdown<AddressWords, RemoteIpCell>(
    counts,
    limit,
    {
      label: (peer) => peers!.label(peer),
      compare: (left, right) => addresses.compare(left, right),
      remember: (peer) => addresses.wordsOf(peer),
      recall: (words) => addresses.find(words),
    },
    (state, remoteIp, sockets) => ({ state, remoteIp, sockets }),
  );

  return function countRemoteIps(grouped: Peers): Breakdown<RemoteIpCell> {
    peers = grouped;
    counts.reset(addresses.length);
    const { state, remoteAddress } = table.columns;
    for (let row = 0; row < table.length; row++) {
      const rowState = state[row]!;
      if (rowState === TcpState.listen || rowState === TcpState.bound) continue;
      counts.columnOf(rowState)[grouped.groupOf(remoteAddress[row]!)]!++;
    }
    return select();
  };
}
