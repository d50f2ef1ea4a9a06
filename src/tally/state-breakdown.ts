import { OTHER_LABEL } from '../model/name-table.ts';
import type { Breakdown } from '../model/socket-counts.ts';
import { STATE_SLOTS } from '../model/tcp-state.ts';
import type { CountTable } from './count-table.ts';
import { TopCells } from './top-cells.ts';

/** What a value of the breakdown's second key word means. */
export interface ValueKey<Member> {
  label(value: number): string;
  compare(left: number, right: number): number;
  remember(value: number): Member;
  /** The value that means the same in this scrape, −1 when there is none. */
  recall(member: Member): number;
}

/** A breakdown by state and one more thing (a port, a peer, a name): key words are state, value, 0. */
export function createStateBreakdown<Member, Cell>(
  counts: CountTable,
  limit: number,
  value: ValueKey<Member>,
  toCell: (state: number, label: string, sockets: number) => Cell,
): () => Breakdown<Cell> {
  const top = new TopCells<{ state: number; member: Member }>(limit, {
    folds: STATE_SLOTS,
    foldOf: (cell) => counts.key(cell, 0),
    compare: (a, b) => counts.key(a, 0) - counts.key(b, 0) || value.compare(counts.key(a, 1), counts.key(b, 1)),
    remember: (cell) => ({ state: counts.key(cell, 0), member: value.remember(counts.key(cell, 1)) }),
    recall: ({ state, member }) => {
      const recalled = value.recall(member);
      return recalled < 0 ? -1 : counts.find(state, recalled, 0);
    },
  });

  return function select() {
    const { kept, other, folded } = top.select(counts);
    const cells = kept.map((cell) => toCell(counts.key(cell, 0), value.label(counts.key(cell, 1)), counts.count(cell)));
    const others = other.flatMap((sockets, state) => (sockets === 0 ? [] : [toCell(state, OTHER_LABEL, sockets)]));
    return { cells: [...cells, ...others], folded };
  };
}
