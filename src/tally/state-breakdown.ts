import { OTHER_LABEL } from '../model/name-table.ts';
import type { Breakdown } from '../model/socket-counts.ts';
import { STATE_SLOTS } from '../model/tcp-state.ts';
import { cellOf, type StateCounts, stateOf, valueOf } from './state-counts.ts';
import { TopCells } from './top-cells.ts';

/** What a value of a StateCounts means. */
export interface ValueKey<Member> {
  label(value: number): string;
  compare(left: number, right: number): number;
  remember(value: number): Member;
  /** The value that means the same in this scrape, −1 when there is none. */
  recall(member: Member): number;
}

/** A breakdown by state and one more thing: a port, a peer, a name. */
export function createStateBreakdown<Member, Cell>(
  counts: StateCounts,
  limit: number,
  key: ValueKey<Member>,
  toCell: (state: number, label: string, sockets: number) => Cell,
): () => Breakdown<Cell> {
  const top = new TopCells<{ state: number; member: Member }>(limit, {
    folds: STATE_SLOTS,
    foldOf: stateOf,
    compare: (a, b) => stateOf(a) - stateOf(b) || key.compare(valueOf(a), valueOf(b)),
    remember: (cell) => ({ state: stateOf(cell), member: key.remember(valueOf(cell)) }),
    recall: ({ state, member }) => {
      const value = key.recall(member);
      const cell = cellOf(state, value);
      return value < 0 || counts.count(cell) === 0 ? -1 : cell;
    },
  });

  return function select() {
    const { kept, other, folded } = top.select(counts);
    const cells = kept.map((cell) => toCell(stateOf(cell), key.label(valueOf(cell)), counts.count(cell)));
    const others = other.flatMap((sockets, state) => (sockets === 0 ? [] : [toCell(state, OTHER_LABEL, sockets)]));
    return { cells: [...cells, ...others], folded };
  };
}
