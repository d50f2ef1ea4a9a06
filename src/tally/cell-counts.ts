import {
  FLAG_BITS,
  HASH,
  hashKey,
  KEY_WORDS,
  NotedRows,
  PARTITION_ROWS,
  partitionOf,
  ROW_WORDS,
} from './noted-rows.ts';
import { PartitionIndex } from './partition-index.ts';

const INITIAL_CELLS = 1024;
/** Resets in a row that must need less than an eighth of the memory before it is given back. */
const SHRINK_AFTER = 2;

/**
 * Counts rows under keys of three 32-bit words, and how many of a key's rows carried flag 1 and flag 2. Rows are noted
 * first; `finish` sorts them into partitions by the hash of their key and counts one partition after the other. A hash
 * table over all keys would miss the cache at nearly every row: at a million keys that took three times as long.
 */
export class CellCounts {
  /** Number of cells, known after `finish`. */
  length = 0;
  readonly #stride: number;
  readonly #noted: NotedRows;
  readonly #index = new PartitionIndex();
  #cells: Int32Array<ArrayBuffer>;
  /** First cell of each partition, and the end of the last. */
  #starts = new Int32Array(2);
  #smallResets = 0;

  /** `flags`: how many of the flags are counted, 0–2. `noted`: not needed from `finish` to `reset`, and then others may use it. */
  constructor(flags = 0, noted = new NotedRows()) {
    this.#stride = KEY_WORDS + 1 + flags;
    this.#noted = noted;
    this.#cells = new Int32Array(INITIAL_CELLS * this.#stride);
  }

  /** Notes a row under its key; `flags`: bit 0 and bit 1. */
  add(k0: number, k1: number, k2: number, flags = 0): void {
    this.#noted.add(k0, k1, k2, flags);
  }

  /** Counts the rows noted since `reset`. Cells may be read from now on. */
  finish(): void {
    const noted = this.#noted;
    noted.sort();
    const { ends, sorted } = noted;
    const isWhole = ends.length === 1;
    this.#starts = new Int32Array(ends.length + 1);
    let from = 0;
    for (let partition = 0; partition < ends.length; partition++) {
      const end = isWhole ? noted.length : ends[partition]!;
      this.#makeRoom(end - from);
      this.#countRows(sorted, from, end);
      this.#starts[partition + 1] = this.length;
      from = end;
    }
  }

  /** The `index`th key word (0–2) of a cell. */
  key(cell: number, index: 0 | 1 | 2): number {
    return this.#cells[cell * this.#stride + index]!;
  }

  /** A cell's rows (0), or those of them with flag 1 or 2. */
  count(cell: number, index: 0 | 1 | 2 = 0): number {
    return this.#cells[cell * this.#stride + KEY_WORDS + index]!;
  }

  /** Calls `visit` for every cell with its number of rows. */
  forEach(visit: (cell: number, count: number) => void): void {
    for (let cell = 0; cell < this.length; cell++) visit(cell, this.#cells[cell * this.#stride + KEY_WORDS]!);
  }

  /** The cell of a key, −1 when no row had it. Looks through one partition: not for loops over rows. */
  find(k0: number, k1: number, k2: number): number {
    const partition = partitionOf(hashKey(k0, k1, k2), Math.log2(this.#starts.length - 1));
    for (let cell = this.#starts[partition]!; cell < this.#starts[partition + 1]!; cell++) {
      if (this.key(cell, 0) === k0 && this.key(cell, 1) === k1 && this.key(cell, 2) === k2) return cell;
    }
    return -1;
  }

  /**
   * Forgets rows and cells; about `expected` rows come next. Memory is kept for the next scrape, and given back when
   * several did not need it.
   */
  reset(expected: number): void {
    const isSmall =
      this.#cells.length > INITIAL_CELLS * this.#stride && this.length * this.#stride * 8 < this.#cells.length;
    this.#smallResets = isSmall ? this.#smallResets + 1 : 0;
    if (this.#smallResets >= SHRINK_AFTER) this.#cells = new Int32Array(INITIAL_CELLS * this.#stride);
    this.#noted.reset(expected);
    this.length = 0;
    this.#starts = new Int32Array(2);
  }

  #makeRoom(cells: number): void {
    const wanted = (this.length + cells) * this.#stride;
    if (wanted <= this.#cells.length) return;
    const larger = new Int32Array(Math.max(this.#cells.length * 2, wanted));
    larger.set(this.#cells);
    this.#cells = larger;
  }

  /** Counts one partition: rows `from` … `end` − 1 into cells behind those there are. */
  #countRows(rows: Int32Array, from: number, end: number): void {
    const cells = this.#cells;
    const stride = this.#stride;
    const index = this.#index;
    const first = this.length;
    index.begin(Math.min(end - from, PARTITION_ROWS));
    let { slots, mask } = index;
    let length = first;
    for (let at = from * ROW_WORDS; at < end * ROW_WORDS; at += ROW_WORDS) {
      const k0 = rows[at]!;
      const k1 = rows[at + 1]!;
      const k2 = rows[at + 2]!;
      const tail = rows[at + HASH]!;
      let slot = (tail >>> FLAG_BITS) & mask;
      let cell = slots[slot]! - 1;
      let key = cell * stride;
      while (cell >= 0 && !(cells[key] === k0 && cells[key + 1] === k1 && cells[key + 2] === k2)) {
        slot = (slot + 1) & mask;
        cell = slots[slot]! - 1;
        key = cell * stride;
      }
      if (cell < 0) {
        cell = length++;
        key = cell * stride;
        cells[key] = k0;
        cells[key + 1] = k1;
        cells[key + 2] = k2;
        for (let word = KEY_WORDS; word < stride; word++) cells[key + word] = 0;
        slots[slot] = cell + 1;
        if ((length - first) * 2 > mask) {
          index.grow(first, length, (each) => hashCell(cells, each * stride));
          ({ slots, mask } = index);
        }
      }
      cells[key + KEY_WORDS]!++;
      if (stride > KEY_WORDS + 1) {
        cells[key + KEY_WORDS + 1]! += tail & 1;
        cells[key + KEY_WORDS + 2]! += (tail >> 1) & 1;
      }
    }
    this.length = length;
  }
}

/** Where the index of its partition looks for a cell. */
function hashCell(cells: Int32Array, at: number): number {
  return hashKey(cells[at]!, cells[at + 1]!, cells[at + 2]!) >>> FLAG_BITS;
}
