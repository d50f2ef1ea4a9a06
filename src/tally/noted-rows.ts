export const KEY_WORDS = 3;
/** Words of a noted row: three key words, then the key's hash with the flags in place of its lowest bits. */
export const ROW_WORDS = 4;
export const HASH = 3;
/** Lowest bits of a row's last word: flag 1 and flag 2. */
export const FLAG_BITS = 2;
const FLAG_MASK = 3;
const INITIAL_ROWS = 1024;
/** Rows that are counted in one go: their index and their cells stay in the processor's second-level cache. */
export const PARTITION_ROWS = 4096;
const MOST_PARTITION_BITS = 12;
/** Uses in a row that must need less than an eighth of the memory before it is given back. */
const SHRINK_AFTER = 4;

/** Rows noted under keys of three 32-bit words, to be sorted by the hash of their key. One after the other may use it. */
export class NotedRows {
  /** Sorted: the rows of all partitions, one after the other. */
  sorted = new Int32Array(0);
  /** Where each partition ends, in rows, once they are sorted; before, how many rows it has. */
  ends = new Int32Array(1);
  length = 0;
  #rows = new Int32Array(INITIAL_ROWS * ROW_WORDS);
  #bits = 0;
  #smallUses = 0;

  /** Forgets the rows; about `expected` come next. Memory is kept, and given back when several uses did not need it. */
  reset(expected: number): void {
    const isSmall = this.#rows.length > INITIAL_ROWS * ROW_WORDS && expected * ROW_WORDS * 8 < this.#rows.length;
    this.#smallUses = isSmall ? this.#smallUses + 1 : 0;
    if (this.#smallUses >= SHRINK_AFTER) {
      this.#rows = new Int32Array(INITIAL_ROWS * ROW_WORDS);
      this.sorted = new Int32Array(0);
      this.#smallUses = 0;
    }
    this.length = 0;
    this.#bits = Math.min(MOST_PARTITION_BITS, Math.max(0, Math.ceil(Math.log2(expected / PARTITION_ROWS))));
    this.ends = new Int32Array(1 << this.#bits);
  }

  /** Notes a row under its key; `flags`: bit 0 and bit 1. */
  add(k0: number, k1: number, k2: number, flags: number): void {
    const at = this.length++ * ROW_WORDS;
    if (at === this.#rows.length) this.#grow();
    const rows = this.#rows;
    const hash = hashKey(k0, k1, k2);
    rows[at] = k0;
    rows[at + 1] = k1;
    rows[at + 2] = k2;
    rows[at + HASH] = (hash & ~FLAG_MASK) | flags;
    this.ends[partitionOf(hash, this.#bits)]!++;
  }

  /** Puts the rows of each partition together, in `sorted`. */
  sort(): void {
    if (this.#bits === 0) {
      this.sorted = this.#rows;
      return;
    }
    const rows = this.#rows;
    const { ends } = this;
    for (let partition = 0, next = 0; partition < ends.length; partition++) {
      const size = ends[partition]!;
      ends[partition] = next;
      next += size;
    }
    const end = this.length * ROW_WORDS;
    if (this.sorted === rows || this.sorted.length < end) this.sorted = new Int32Array(rows.length);
    const { sorted } = this;
    for (let at = 0; at < end; at += ROW_WORDS) {
      const hash = rows[at + HASH]!;
      const to = ends[partitionOf(hash, this.#bits)]!++ * ROW_WORDS;
      sorted[to] = rows[at]!;
      sorted[to + 1] = rows[at + 1]!;
      sorted[to + 2] = rows[at + 2]!;
      sorted[to + HASH] = hash;
    }
  }

  #grow(): void {
    const larger = new Int32Array(this.#rows.length * 2);
    larger.set(this.#rows);
    this.#rows = larger;
  }
}

/** The partition of a hash, of 2^bits: by its highest bits, so that an index within one can take the lowest. */
export function partitionOf(hash: number, bits: number): number {
  return bits === 0 ? 0 : hash >>> (32 - bits);
}

export function hashKey(k0: number, k1: number, k2: number): number {
  let hash = Math.imul(k0, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ k1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ k2, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
