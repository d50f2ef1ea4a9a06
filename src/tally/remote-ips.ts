import type { Filters } from '../model/filters.ts';
import type { ScopedWords } from '../model/ip-address.ts';
import type { Breakdown, RemoteIpCell } from '../model/socket-counts.ts';
import { STATE_SLOTS } from '../model/tcp-state.ts';
import { isConnection } from '../table/connection-states.ts';
import type { Peers } from '../table/peers.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { stateOf, Word } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { DenseCounts } from './counting/dense-counts.ts';
import { FilteredCounts } from './counting/filtered-counts.ts';
import { createStateBreakdown } from './counting/state-breakdown.ts';

/** Counts sockets by state and peer. LISTEN and bound sockets have no peer. */
export function createRemoteIpsTally(table: CountedTable, limit: number, peers: Peers) {
  const counts = new DenseCounts();
  const filtered = new FilteredCounts(STATE_SLOTS);
  const { addresses } = table;
  const select = createStateBreakdown<ScopedWords, RemoteIpCell>(
    counts,
    limit,
    {
      label: (peer) => peers.label(peer),
      compare: (left, right) => addresses.compare(left, right),
      remember: (peer) => addresses.wordsOf(peer),
      recall: (words) => addresses.find(words),
    },
    (state, remoteIp, sockets) => ({ state, remoteIp, sockets }),
    filtered,
  );

  return {
    reset(filters?: Filters) {
      counts.reset(addresses.length);
      filtered.reset(filters);
    },
    count(rows: Rows, step: 1 | -1) {
      counts.reserve(addresses.length);
      const { words } = rows;
      for (let index = 0; index < rows.length; index++) {
        const at = positionOf(rows, index);
        const state = stateOf(words, at);
        if (!isConnection(state)) continue;
        const peer = peers.groupOf(words[at + Word.remoteAddress]!);
        if (peer < 0) filtered.byFold[state]! += step;
        else counts.columnOf(state)[peer]! += step;
      }
    },
    select: (): Breakdown<RemoteIpCell> => select(),
  };
}
