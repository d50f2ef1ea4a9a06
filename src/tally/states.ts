import type { SocketCounts, StateCounts } from '../model/socket-counts.ts';
import { Family, type SocketTable } from '../model/socket-table.ts';
import { STATE_SLOTS, type TcpState } from '../model/tcp-state.ts';

/** Sockets by family and state. States that the source does not show are left undefined. */
export function countStates(table: SocketTable, unseen: readonly TcpState[]): Required<SocketCounts>['states'] {
  const ipv4 = new Array<number>(STATE_SLOTS).fill(0);
  const ipv6 = new Array<number>(STATE_SLOTS).fill(0);
  const { family, state } = table.columns;
  for (let row = 0; row < table.length; row++) {
    const counts = family[row] === Family.v4 ? ipv4 : ipv6;
    counts[state[row]!]!++;
  }
  return { ipv4: withoutUnseen(ipv4, unseen), ipv6: withoutUnseen(ipv6, unseen) };
}

function withoutUnseen(counts: readonly number[], unseen: readonly number[]): StateCounts {
  return counts.map((count, state) => (count === 0 && unseen.includes(state) ? undefined : count));
}
