const INITIAL_CAPACITY = 1024;
/** Words of an entry: inode; process << 8 | number of rows; descriptor. */
const STRIDE = 3;
const OWNER = 1;
const FD = 2;
const ROW_BITS = 8;
/** At this many rows the count stops, and the entry stays until all rows are noted again. */
const MANY_ROWS = (1 << ROW_BITS) - 1;
/** The inode of a free entry, whose second word is the next free entry. */
const FREE = 0;

/** Returned in place of an entry if there is none. */
export const NO_ENTRY = -1;

/**
 * `process` of an entry without an owner: not found yet; not found by a search of all processes; or the socket no
 * longer exists in the kernel.
 */
export const PENDING = -1;
export const NOT_FOUND = -2;
export const ENDED = -3;

/** Whether a socket's inode can have an entry: no socket has 0, and −1 to −3 (of 2³² numbers) have other meanings. */
export function canKeep(inode: number): boolean {
  return inode > 0 || inode < -3;
}

/**
 * Which process holds each socket, by inode, kept from scrape to scrape; and how many rows of the last dump have that
 * inode (the subflows of MPTCP share one). An entry keeps its number until the next `shrink`.
 */
export class OwnerTable {
  /** Entries in use. */
  length = 0;
  #words = new Int32Array(INITIAL_CAPACITY * STRIDE);
  /** Entries that were ever in use; all entries from there on are free. */
  #end = 0;
  #firstFree = NO_ENTRY;
  /** Hash table with open addressing: entry + 1, or 0 if free. At most two thirds full. */
  #slots = new Int32Array(INITIAL_CAPACITY * 2);

  /** The entry of an inode that passes `canKeep`, −1 if there is none. */
  find(inode: number): number {
    const slots = this.#slots;
    const words = this.#words;
    const mask = slots.length - 1;
    let slot = hashInode(inode) & mask;
    for (;;) {
      const entry = slots[slot]! - 1;
      if (entry < 0 || words[entry * STRIDE] === inode) return entry;
      slot = (slot + 1) & mask;
    }
  }

  /** A new PENDING entry with one row, for an inode that passes `canKeep` and has none. */
  add(inode: number, fd: number): number {
    // both before anything changes: what cannot be had must not leave half a table, which would be kept
    if ((this.length + 1) * STRIDE > this.#words.length) this.#growWords();
    if ((this.length + 1) * 3 > this.#slots.length * 2) this.#growSlots();
    const entry = this.#takeFree();
    const at = entry * STRIDE;
    this.#words[at] = inode;
    this.#words[at + OWNER] = (PENDING << ROW_BITS) | 1;
    this.#words[at + FD] = fd;
    this.length++;
    this.#enter(entry);
    return entry;
  }

  inodeOf(entry: number): number {
    return this.#words[entry * STRIDE]!;
  }

  /** Whether exactly one row of the last dump names it. */
  hasOneRow(entry: number): boolean {
    return (this.#words[entry * STRIDE + OWNER]! & MANY_ROWS) === 1;
  }

  /** Slot of the owning process, or PENDING, NOT_FOUND, ENDED. */
  processOf(entry: number): number {
    return this.#words[entry * STRIDE + OWNER]! >> ROW_BITS;
  }

  /** The descriptor in the process; for a PENDING entry a value of the caller's. */
  fdOf(entry: number): number {
    return this.#words[entry * STRIDE + FD]!;
  }

  setOwner(entry: number, process: number, fd: number): void {
    const at = entry * STRIDE;
    this.#words[at + OWNER] = (process << ROW_BITS) | (this.#words[at + OWNER]! & MANY_ROWS);
    this.#words[at + FD] = fd;
  }

  /** Adds one row. */
  addRow(entry: number): void {
    const at = entry * STRIDE + OWNER;
    if ((this.#words[at]! & MANY_ROWS) !== MANY_ROWS) this.#words[at]!++;
  }

  /** Removes one row. Returns whether it was the last one; then the entry may be removed. */
  removeRow(entry: number): boolean {
    const at = entry * STRIDE + OWNER;
    const rows = this.#words[at]! & MANY_ROWS;
    if (rows === 0 || rows === MANY_ROWS) return false;
    this.#words[at]!--;
    return rows === 1;
  }

  /** Sets every entry to no row: all of them will be noted again. */
  forgetRows(): void {
    for (let at = OWNER; at < this.#end * STRIDE; at += STRIDE) {
      if (this.#words[at - OWNER] !== FREE) this.#words[at]! &= ~MANY_ROWS;
    }
  }

  /** Visits every entry without a row; the visitor may remove it. */
  forEachRowless(visit: (entry: number) => void): void {
    for (let entry = 0; entry < this.#end; entry++) {
      const at = entry * STRIDE;
      if (this.#words[at] !== FREE && (this.#words[at + OWNER]! & MANY_ROWS) === 0) visit(entry);
    }
  }

  remove(entry: number): void {
    this.#leave(entry);
    this.#words[entry * STRIDE] = FREE;
    this.#words[entry * STRIDE + OWNER] = this.#firstFree;
    this.#firstFree = entry;
    this.length--;
  }

  /** Frees memory if there is far more than needed. Entries then get other numbers. */
  shrink(): void {
    const old = this.#words;
    const end = this.#end;
    const capacity = Math.max(INITIAL_CAPACITY, this.length * 2);
    if (capacity * STRIDE * 4 > old.length) return;
    // both before anything changes: what cannot be had must not leave half a table, which would be kept
    const [words, slots] = [new Int32Array(capacity * STRIDE), new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2)))];
    this.#words = words;
    this.#slots = slots;
    this.#end = 0;
    this.#firstFree = NO_ENTRY;
    for (let at = 0; at < end * STRIDE; at += STRIDE) {
      if (old[at] === FREE) continue;
      for (let word = 0; word < STRIDE; word++) this.#words[this.#end * STRIDE + word] = old[at + word]!;
      this.#enter(this.#end++);
    }
  }

  forEach(visit: (entry: number) => void): void {
    for (let entry = 0; entry < this.#end; entry++) {
      if (this.#words[entry * STRIDE] !== FREE) visit(entry);
    }
  }

  #takeFree(): number {
    const entry = this.#firstFree;
    if (entry === NO_ENTRY) return this.#end++;
    this.#firstFree = this.#words[entry * STRIDE + OWNER]!;
    return entry;
  }

  #enter(entry: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashInode(this.#words[entry * STRIDE]!) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = entry + 1;
  }

  /** Moves followers into the gap, so that no search ends at it too early. */
  #leave(entry: number): void {
    const slots = this.#slots;
    const words = this.#words;
    const mask = slots.length - 1;
    let gap = hashInode(words[entry * STRIDE]!) & mask;
    while (slots[gap] !== entry + 1) gap = (gap + 1) & mask;
    for (let next = (gap + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const home = hashInode(words[(slots[next]! - 1) * STRIDE]!) & mask;
      if (((next - home) & mask) < ((next - gap) & mask)) continue;
      slots[gap] = slots[next]!;
      gap = next;
    }
    slots[gap] = 0;
  }

  #growWords(): void {
    const words = new Int32Array((this.length + (this.length >> 1)) * STRIDE);
    words.set(this.#words);
    this.#words = words;
  }

  #growSlots(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let entry = 0; entry < this.#end; entry++) if (this.#words[entry * STRIDE] !== FREE) this.#enter(entry);
  }
}

/**
 * Inodes come in consecutive runs: the multiplication scatters them over the high bits, the shift moves these to the
 * low ones.
 */
function hashInode(inode: number): number {
  const hash = Math.imul(inode, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}
