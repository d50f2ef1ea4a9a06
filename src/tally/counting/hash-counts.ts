import type { Cells } from './top-cells.ts';

const KEY_WORDS = 3;
const INITIAL_CELLS = 1024;
/** Arrays that are this many times too large at a reset are freed. */
const SPARE_FACTOR = 16;
const NONE = -1;

/**
 * Counts by keys of three 32-bit words, kept from scrape to scrape: rows are added when they come and subtracted when
 * they leave; a cell goes with its last row. A cell keeps its number while it has rows.
 */
export class HashCounts implements Cells {
  /** All cells are below this number; those without rows are free. */
  #end = 0;
  /** The first key word of a free cell holds the next free cell. */
  #firstFree = NONE;
  /** Number of cells that have rows. */
  #length = 0;
  /** Words of a cell: three of its key, then its counters. */
  readonly #stride: number;
  readonly #foldMask: number;
  #cells: Int32Array<ArrayBuffer>;
  /** Hash table with open addressing: cell + 1, or 0 if free. At most two thirds full. */
  #slots = new Int32Array(INITIAL_CELLS * 2);

  /**
   * `counters`: number per cell; the first one counts the rows. `foldMask`: the bits of the third key word that say
   * which fold a cell belongs to (`Cells.visit`).
   */
  constructor(counters: 1 | 2 | 3 | 4 = 1, foldMask = 0) {
    this.#stride = KEY_WORDS + counters;
    this.#foldMask = foldMask;
    this.#cells = new Int32Array(INITIAL_CELLS * this.#stride);
  }

  /** Adds `step` rows to the cell of a key, and the given amounts to its other counters. */
  add(k0: number, k1: number, k2: number, step: number, second = 0, third = 0, fourth = 0): void {
    const stride = this.#stride;
    const slot = this.#slotOf(k0, k1, k2);
    const known = this.#slots[slot]! - 1;
    const cell = known < 0 ? this.#create(slot, k0, k1, k2) : known;
    const cells = this.#cells;
    const at = cell * stride + KEY_WORDS;
    cells[at]! += step;
    if (stride > KEY_WORDS + 1) cells[at + 1]! += second;
    if (stride > KEY_WORDS + 2) cells[at + 2]! += third;
    if (stride > KEY_WORDS + 3) cells[at + 3]! += fourth;
    if (cells[at] === 0) this.#remove(slot, cell);
  }

  /** The `index`th key word (0–2) of a cell. */
  key(cell: number, index: 0 | 1 | 2): number {
    return this.#cells[cell * this.#stride + index]!;
  }

  /** A cell's rows (0), or one of its other counters. */
  count(cell: number, index: 0 | 1 | 2 | 3 = 0): number {
    return this.#cells[cell * this.#stride + KEY_WORDS + index]!;
  }

  visit(totals: Int32Array, floors: Int32Array, offer: (cell: number, count: number) => void): number {
    const cells = this.#cells;
    const stride = this.#stride;
    const foldMask = this.#foldMask;
    const end = this.#end;
    for (let cell = 0, at = 0; cell < end; cell++, at += stride) {
      const count = cells[at + KEY_WORDS]!;
      if (count === 0) continue;
      const fold = cells[at + 2]! & foldMask;
      totals[fold]! += count;
      if (count >= floors[fold]!) offer(cell, count);
    }
    return this.#length;
  }

  /** Number of cells that have rows. */
  get length(): number {
    return this.#length;
  }

  /** All cells are below this number. */
  get end(): number {
    return this.#end;
  }

  /** Visits every cell that has rows. */
  each(visit: (cell: number) => void): void {
    for (let cell = 0, at = KEY_WORDS; cell < this.#end; cell++, at += this.#stride) {
      if (this.#cells[at] !== 0) visit(cell);
    }
  }

  /** The cell of a key, −1 if it has no row. */
  find(k0: number, k1: number, k2: number): number {
    return this.#slots[this.#slotOf(k0, k1, k2)]! - 1;
  }

  /** Forgets all rows. Keeps the memory unless it is far larger than needed. */
  reset(): void {
    if (this.#cells.length > Math.max(INITIAL_CELLS, this.#length * SPARE_FACTOR) * this.#stride) {
      this.#cells = new Int32Array(INITIAL_CELLS * this.#stride);
      this.#slots = new Int32Array(INITIAL_CELLS * 2);
    } else this.#slots.fill(0);
    this.#end = 0;
    this.#firstFree = NONE;
    this.#length = 0;
  }

  #create(slot: number, k0: number, k1: number, k2: number): number {
    const cell = this.#takeFree();
    const cells = this.#cells;
    const at = cell * this.#stride;
    cells[at] = k0;
    cells[at + 1] = k1;
    cells[at + 2] = k2;
    for (let word = KEY_WORDS; word < this.#stride; word++) cells[at + word] = 0;
    this.#slots[slot] = cell + 1;
    if (++this.#length * 3 > this.#slots.length * 2) this.#growSlots();
    return cell;
  }

  #takeFree(): number {
    const free = this.#firstFree;
    if (free !== NONE) {
      this.#firstFree = this.#cells[free * this.#stride]!;
      return free;
    }
    const cell = this.#end++;
    if (this.#end * this.#stride > this.#cells.length) {
      const larger = new Int32Array(Math.ceil(this.#end * 1.5) * this.#stride);
      larger.set(this.#cells);
      this.#cells = larger;
    }
    return cell;
  }

  /** Moves followers into the gap, so that no search ends at it too early. */
  #remove(slot: number, cell: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = slot;
    for (let next = (gap + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const home = this.#hashOf(slots[next]! - 1) & mask;
      if (((next - home) & mask) < ((next - gap) & mask)) continue;
      slots[gap] = slots[next]!;
      gap = next;
    }
    slots[gap] = 0;
    this.#cells[cell * this.#stride] = this.#firstFree;
    this.#firstFree = cell;
    this.#length--;
  }

  /** The slot of a key's cell, or where it would be. */
  #slotOf(k0: number, k1: number, k2: number): number {
    const cells = this.#cells;
    const slots = this.#slots;
    const stride = this.#stride;
    const mask = slots.length - 1;
    let slot = hashKey(k0, k1, k2) & mask;
    for (;;) {
      const at = (slots[slot]! - 1) * stride;
      if (at < 0 || (cells[at] === k0 && cells[at + 1] === k1 && cells[at + 2] === k2)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #growSlots(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 2);
    const mask = slots.length - 1;
    for (const value of old) {
      if (value === 0) continue;
      let slot = this.#hashOf(value - 1) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = value;
    }
    this.#slots = slots;
  }

  #hashOf(cell: number): number {
    return hashKey(this.key(cell, 0), this.key(cell, 1), this.key(cell, 2));
  }
}

function hashKey(k0: number, k1: number, k2: number): number {
  let hash = Math.imul(k0, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ k1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ k2, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
