import type { SocketCounts, StateCounts } from '../model/socket-counts.ts';
import { STATE_SLOTS, type TcpState } from '../model/tcp-state.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { Family, familyOf, stateOf } from '../table/socket-row.ts';

/** Sockets by family and state. */
export function createStatesTally() {
  const ipv4 = new Int32Array(STATE_SLOTS);
  const ipv6 = new Int32Array(STATE_SLOTS);

  return {
    reset() {
      ipv4.fill(0);
      ipv6.fill(0);
    },
    count(rows: Rows, step: 1 | -1) {
      const { words } = rows;
      for (let index = 0; index < rows.length; index++) {
        const at = positionOf(rows, index);
        const counts = familyOf(words, at) === Family.v4 ? ipv4 : ipv6;
        counts[stateOf(words, at)]! += step;
      }
    },
    /** States that the source does not show are left undefined. */
    select(unsupported: readonly TcpState[]): Required<SocketCounts>['states'] {
      return { ipv4: withoutUnsupported(ipv4, unsupported), ipv6: withoutUnsupported(ipv6, unsupported) };
    },
  };
}

function withoutUnsupported(counts: Int32Array, unsupported: readonly number[]): StateCounts {
  return Array.from(counts, (count, state) => (count === 0 && unsupported.includes(state) ? undefined : count));
}
