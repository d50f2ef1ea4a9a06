import { PartitionIndex } from './partition-index.ts';

const KEY_WORDS = 3;
/** Words of a row: three key words, then the key's hash with the flags in place of its lowest bits. */
const ROW_WORDS = 4;
const HASH = 3;
const FLAG_BITS = 2;
const FLAG_MASK = 3;
const INITIAL_ROWS = 1024;
/** Rows that are counted in one go: their index and their cells stay in the processor's second-level cache. */
const PARTITION_ROWS = 4096;
const MOST_PARTITION_BITS = 12;
/** Resets in a row that must need less than an eighth of the memory before it is given back. */
const SHRINK_AFTER = 3;

/**
 * Counts rows under keys of three 32-bit words, and how many of a key's rows carried flag 1 and flag 2. Rows are noted
 * first; `finish` sorts them into partitions by the hash of their key and counts one partition after the other. A hash
 * table over all keys would miss the cache at nearly every row: at a million keys that took three times as long.
 */
export class CellCounts {
  /** Number of cells, known after `finish`. */
  length = 0;
  readonly #stride: number;
  readonly #index = new PartitionIndex();
  #rows = new Int32Array(INITIAL_ROWS * ROW_WORDS);
  #sorted = new Int32Array(0);
  #cells: Int32Array<ArrayBuffer>;
  #noted = 0;
  #bits = 0;
  /** Rows of each partition while they are noted; where it ends once they are sorted. */
  #ends = new Int32Array(1);
  /** First cell of each partition, and the end of the last. */
  #starts = new Int32Array(2);
  #smallResets = 0;

  /** `flags`: how many of the flags are counted, 0–2. */
  constructor(flags = 0) {
    this.#stride = KEY_WORDS + 1 + flags;
    this.#cells = new Int32Array(INITIAL_ROWS * this.#stride);
  }

  /** Notes a row under its key; `flags`: bit 0 and bit 1. */
  add(k0: number, k1: number, k2: number, flags = 0): void {
    const at = this.#noted++ * ROW_WORDS;
    if (at === this.#rows.length) this.#growRows();
    const rows = this.#rows;
    const hash = hashKey(k0, k1, k2);
    rows[at] = k0;
    rows[at + 1] = k1;
    rows[at + 2] = k2;
    rows[at + HASH] = (hash & ~FLAG_MASK) | flags;
    this.#ends[partitionOf(hash, this.#bits)]!++;
  }

  /** Counts the rows noted since `reset`. Cells may be read from now on. */
  finish(): void {
    const ends = this.#ends;
    if (this.#bits > 0) this.#sortRows();
    const rows = this.#bits > 0 ? this.#sorted : this.#rows;
    if (this.#cells.length < this.#noted * this.#stride)
      this.#cells = new Int32Array((this.#rows.length / ROW_WORDS) * this.#stride);
    this.#starts = new Int32Array(ends.length + 1);
    let from = 0;
    for (const [partition, end] of ends.entries()) {
      this.#countRows(rows, from, end);
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
    const partition = partitionOf(hashKey(k0, k1, k2), this.#bits);
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
    const isSmall = this.#rows.length > INITIAL_ROWS * ROW_WORDS && this.#noted * ROW_WORDS * 8 < this.#rows.length;
    this.#smallResets = isSmall ? this.#smallResets + 1 : 0;
    if (this.#smallResets >= SHRINK_AFTER) {
      this.#rows = new Int32Array(INITIAL_ROWS * ROW_WORDS);
      this.#sorted = new Int32Array(0);
      this.#cells = new Int32Array(INITIAL_ROWS * this.#stride);
    }
    this.#noted = 0;
    this.length = 0;
    this.#bits = Math.min(MOST_PARTITION_BITS, Math.max(0, Math.ceil(Math.log2(expected / PARTITION_ROWS))));
    this.#ends = new Int32Array(1 << this.#bits);
    this.#starts = new Int32Array(2);
  }

  #growRows(): void {
    const larger = new Int32Array(this.#rows.length * 2);
    larger.set(this.#rows);
    this.#rows = larger;
  }

  /** Sorts the rows by partition. The sizes of the partitions become their ends. */
  #sortRows(): void {
    const rows = this.#rows;
    const ends = this.#ends;
    const bits = this.#bits;
    for (let partition = 0, next = 0; partition < ends.length; partition++) {
      const size = ends[partition]!;
      ends[partition] = next;
      next += size;
    }
    const end = this.#noted * ROW_WORDS;
    if (this.#sorted.length < end) this.#sorted = new Int32Array(rows.length);
    const sorted = this.#sorted;
    for (let at = 0; at < end; at += ROW_WORDS) {
      const hash = rows[at + HASH]!;
      const to = ends[partitionOf(hash, bits)]!++ * ROW_WORDS;
      sorted[to] = rows[at]!;
      sorted[to + 1] = rows[at + 1]!;
      sorted[to + 2] = rows[at + 2]!;
      sorted[to + HASH] = hash;
    }
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

/** Partitions take the highest bits, the index within one the lowest. */
function partitionOf(hash: number, bits: number): number {
  return bits === 0 ? 0 : hash >>> (32 - bits);
}

/** Where the index of its partition looks for a cell. */
function hashCell(cells: Int32Array, at: number): number {
  return hashKey(cells[at]!, cells[at + 1]!, cells[at + 2]!) >>> FLAG_BITS;
}

function hashKey(k0: number, k1: number, k2: number): number {
  let hash = Math.imul(k0, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ k1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ k2, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
