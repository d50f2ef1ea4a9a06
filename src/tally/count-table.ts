const INITIAL_CELLS = 256;
const KEY_WORDS = 3;

/**
 * Counts under keys of three 32-bit words: an open-addressing hash table in one typed array, key and counters of a cell
 * side by side so that one cell costs one cache line. A cell is named by the index of its first word in `slots`;
 * that index holds until the next `add` (which may grow the table) or `reset`.
 */
export class CountTable {
  /** Cell layout: three key words, then the counters. A cell whose first counter is 0 is empty. */
  slots: Int32Array;
  /** Words per cell. */
  readonly stride: number;
  /** Number of cells in use. */
  length = 0;
  #capacity = INITIAL_CELLS;

  constructor(counters = 1) {
    this.stride = KEY_WORDS + counters;
    this.slots = new Int32Array(this.#capacity * this.stride);
  }

  /** Adds 1 to the first counter of the key's cell and returns the cell. */
  add(k0: number, k1: number, k2: number): number {
    const mask = this.#capacity - 1;
    const { slots, stride } = this;
    let index = hashKey(k0, k1, k2) & mask;
    for (;;) {
      const at = index * stride;
      if (slots[at + KEY_WORDS] === 0) return this.#insert(at, k0, k1, k2);
      if (slots[at] === k0 && slots[at + 1] === k1 && slots[at + 2] === k2) {
        slots[at + KEY_WORDS]!++;
        return at;
      }
      index = (index + 1) & mask;
    }
  }

  /** The key's cell, −1 when nothing was added under it. */
  find(k0: number, k1: number, k2: number): number {
    const mask = this.#capacity - 1;
    const { slots, stride } = this;
    let index = hashKey(k0, k1, k2) & mask;
    for (;;) {
      const at = index * stride;
      if (slots[at + KEY_WORDS] === 0) return -1;
      if (slots[at] === k0 && slots[at + 1] === k1 && slots[at + 2] === k2) return at;
      index = (index + 1) & mask;
    }
  }

  /** The `index`th key word (0–2) of a cell. */
  key(cell: number, index: 0 | 1 | 2): number {
    return this.slots[cell + index]!;
  }

  /** The `index`th counter of a cell; 0 is the one `add` counts in. */
  count(cell: number, index = 0): number {
    return this.slots[cell + KEY_WORDS + index]!;
  }

  /** Adds `amount` to a further counter of a cell. */
  bump(cell: number, index: number, amount: number): void {
    this.slots[cell + KEY_WORDS + index]! += amount;
  }

  /** Empties the table. Memory is kept unless it is far larger than what was just needed. */
  reset(): void {
    const isOversized = this.#capacity > INITIAL_CELLS && this.length * 16 < this.#capacity;
    if (isOversized) this.#capacity = Math.max(INITIAL_CELLS, this.#capacity / 8);
    if (isOversized) this.slots = new Int32Array(this.#capacity * this.stride);
    else this.slots.fill(0);
    this.length = 0;
  }

  #insert(at: number, k0: number, k1: number, k2: number): number {
    const { slots } = this;
    slots[at] = k0;
    slots[at + 1] = k1;
    slots[at + 2] = k2;
    slots[at + KEY_WORDS] = 1;
    this.length++;
    if (this.length * 3 <= this.#capacity * 2) return at;
    this.#grow();
    return this.find(k0, k1, k2);
  }

  #grow(): void {
    const old = this.slots;
    const { stride } = this;
    this.#capacity *= 2;
    const mask = this.#capacity - 1;
    const slots = new Int32Array(this.#capacity * stride);
    this.slots = slots;
    for (let from = 0; from < old.length; from += stride) {
      if (old[from + KEY_WORDS] === 0) continue;
      let index = hashKey(old[from]!, old[from + 1]!, old[from + 2]!) & mask;
      while (slots[index * stride + KEY_WORDS] !== 0) index = (index + 1) & mask;
      for (let word = 0; word < stride; word++) slots[index * stride + word] = old[from + word]!;
    }
  }
}

function hashKey(k0: number, k1: number, k2: number): number {
  let hash = Math.imul(k0, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ k1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ k2, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
