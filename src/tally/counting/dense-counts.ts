import { STATE_SLOTS } from '../../model/tcp-state.ts';
import type { Cells } from './top-cells.ts';

/** The number of a cell is state × 2^26 + value: room for 67 million addresses, ports or names. */
const VALUE_BITS = 26;
const VALUE_MASK = (1 << VALUE_BITS) - 1;
const INITIAL_VALUES = 256;

/**
 * Counts by state and a small number (an id or a port): one array per state that occurs, indexed by that number. One
 * memory access per socket, where a hash table would need several.
 */
export class DenseCounts implements Cells {
  readonly #columns: (Int32Array<ArrayBuffer> | undefined)[] = new Array(STATE_SLOTS).fill(undefined);
  #values = INITIAL_VALUES;

  /** Empties the counts, and makes room for values 0 … `values` − 1. */
  reset(values: number): void {
    const isMisfit = values > this.#values || values * 16 < this.#values;
    if (isMisfit) this.#values = Math.max(INITIAL_VALUES, values);
    for (const [state, column] of this.#columns.entries()) {
      if (isMisfit) this.#columns[state] = undefined;
      else column?.fill(0);
    }
  }

  /** Makes room for values 0 … `values` − 1, and keeps the counts. */
  reserve(values: number): void {
    if (values <= this.#values) return;
    this.#values = Math.max(values, this.#values + (this.#values >> 1));
    for (const [state, column] of this.#columns.entries()) {
      if (column === undefined) continue;
      const larger = new Int32Array(this.#values);
      larger.set(column);
      this.#columns[state] = larger;
    }
  }

  /** The counts of one state, by value, for the caller to write. Valid until `reset` or `reserve`. */
  columnOf(state: number): Int32Array {
    const known = this.#columns[state];
    if (known !== undefined) return known;
    const created = new Int32Array(this.#values);
    this.#columns[state] = created;
    return created;
  }

  count(cell: number): number {
    return this.#columns[cell >>> VALUE_BITS]?.[cell & VALUE_MASK] ?? 0;
  }

  /** The fold of a cell is its state. */
  visit(totals: Int32Array, floors: Int32Array, offer: (cell: number, count: number) => void): number {
    let cells = 0;
    for (const [state, column] of this.#columns.entries()) {
      if (column === undefined) continue;
      for (let value = 0; value < column.length; value++) {
        const count = column[value]!;
        if (count === 0) continue;
        cells++;
        totals[state]! += count;
        if (count >= floors[state]!) offer(cellOf(state, value), count);
      }
    }
    return cells;
  }

  /** Calls `visit` for every cell that is not 0. */
  forEach(visit: (cell: number, count: number) => void): void {
    this.visit(new Int32Array(STATE_SLOTS), new Int32Array(STATE_SLOTS), visit);
  }
}

export function cellOf(state: number, value: number): number {
  return (state << VALUE_BITS) | value;
}

export function stateOfCell(cell: number): number {
  return cell >>> VALUE_BITS;
}

export function valueOfCell(cell: number): number {
  return cell & VALUE_MASK;
}
