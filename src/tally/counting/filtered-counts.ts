import type { Filters } from '../../model/filters.ts';
import type { Breakdown } from '../../model/socket-counts.ts';
import { FILTERED_LABEL } from '../../table/name-table.ts';

/** The low bits of a fold are its state. */
const STATE_MASK = 0xf;

/** Sockets that filters leave out of a breakdown. They take no place of its limit. */
export class FilteredCounts {
  /** By fold (`CellKey.foldOf`). */
  readonly byFold: Int32Array;
  #isDropped = false;

  constructor(folds: number) {
    this.byFold = new Int32Array(folds);
  }

  reset(filters: Filters | undefined): void {
    this.byFold.fill(0);
    this.#isDropped = filters?.isDropped ?? false;
  }

  /** The breakdown with their cells behind all others; or with their number, if they are dropped. */
  addTo<Cell>(
    { cells, folded }: Breakdown<Cell>,
    toCell: (fold: number, label: string, sockets: number) => Cell,
  ): Breakdown<Cell> {
    if (this.#isDropped) return { cells, folded, dropped: this.#byState() };
    const filtered = [...this.byFold].flatMap((sockets, fold) =>
      sockets === 0 ? [] : [toCell(fold, FILTERED_LABEL, sockets)],
    );
    return { cells: [...cells, ...filtered], folded };
  }

  #byState() {
    const sums = new Map<number, number>();
    for (const [fold, sockets] of this.byFold.entries()) {
      if (sockets !== 0) sums.set(fold & STATE_MASK, (sums.get(fold & STATE_MASK) ?? 0) + sockets);
    }
    return [...sums].map(([state, sockets]) => ({ state, sockets }));
  }
}
