import type { Breakdown } from '../../model/socket-counts.ts';
import { STATE_SLOTS } from '../../model/tcp-state.ts';
import { OTHER_LABEL } from '../../table/name-table.ts';
import { cellOf, type DenseCounts, stateOfCell, valueOfCell } from './dense-counts.ts';
import type { FilteredCounts } from './filtered-counts.ts';
import { TopCells } from './top-cells.ts';

/** The meaning of a value of the counts. */
export interface ValueKey<Member> {
  label(value: number): string;
  compare(left: number, right: number): number;
  remember(value: number): Member;
  /** The value with the same meaning in this scrape, −1 if there is none. */
  recall(member: Member): number;
}

/** A breakdown by state and one more label: a port, a peer, a name. `filtered`: what it does not count, by state. */
export function createStateBreakdown<Member, Cell>(
  counts: DenseCounts,
  limit: number,
  key: ValueKey<Member>,
  toCell: (state: number, label: string, sockets: number) => Cell,
  filtered: FilteredCounts,
): () => Breakdown<Cell> {
  const top = new TopCells<{ state: number; member: Member }>(limit, {
    folds: STATE_SLOTS,
    foldOf: stateOfCell,
    compare: (a, b) => stateOfCell(a) - stateOfCell(b) || key.compare(valueOfCell(a), valueOfCell(b)),
    remember: (cell) => ({ state: stateOfCell(cell), member: key.remember(valueOfCell(cell)) }),
    recall: ({ state, member }) => {
      const value = key.recall(member);
      const cell = cellOf(state, value);
      return value < 0 || counts.count(cell) === 0 ? -1 : cell;
    },
  });

  return function select() {
    const { kept, other, folded } = top.select(counts);
    const cells = kept.map((cell) => toCell(stateOfCell(cell), key.label(valueOfCell(cell)), counts.count(cell)));
    const others = other.flatMap((sockets, state) => (sockets === 0 ? [] : [toCell(state, OTHER_LABEL, sockets)]));
    return filtered.addTo({ cells: [...cells, ...others], folded }, toCell);
  };
}
