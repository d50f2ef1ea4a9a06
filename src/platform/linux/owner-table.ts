const INITIAL_CAPACITY = 1024;
/** Words of an entry: inode; process << 1 | parity of the generation that saw it last; descriptor. */
const STRIDE = 3;
const OWNER = 1;
const FD = 2;
/** The inode of a free entry; its second word is the next free one. */
const FREE = 0;

/** Stands where an entry would if there is none. */
export const NO_ENTRY = -1;

/** `process` of an entry that nobody was found for: not yet, or not by a search of all processes. */
export const PENDING = -1;
export const NOT_FOUND = -2;

/** Whether a socket's inode can have an entry: no socket has 0, and −1 and −2 (of 2³² numbers) say other things. */
export function canKeep(inode: number): boolean {
  return inode > 0 || inode < -2;
}

/**
 * Which process holds each socket, by inode, kept from scrape to scrape. An entry keeps its number until the next
 * `sweep` or `arrange`, and mostly beyond: whoever remembers it finds it again (`isAt`) without the hash table.
 */
export class OwnerTable {
  /** Entries in use. */
  length = 0;
  #words = new Int32Array(INITIAL_CAPACITY * STRIDE);
  /** Entries that were ever in use; from there on all are free. */
  #end = 0;
  #firstFree = NO_ENTRY;
  /** Entries that were used again since `arrange`: they stand where another socket stood in the dump. */
  #reused = 0;
  /** Hash table of open addressing: entry + 1, or 0 where free. At most half full. */
  #slots = new Int32Array(INITIAL_CAPACITY * 2);

  /** Whether an entry, by a number that may be anything, is that of an inode that can be kept. */
  isAt(entry: number, inode: number): boolean {
    return this.#words[entry * STRIDE] === inode;
  }

  /** The entry of an inode that can be kept, −1 when there is none. */
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

  /** A new entry, PENDING and seen, for an inode that has none and can be kept. */
  add(inode: number, generation: number, fd: number): number {
    if ((this.length + 1) * STRIDE > this.#words.length) this.#resize(this.length * 2);
    const entry = this.#takeFree();
    const at = entry * STRIDE;
    this.#words[at] = inode;
    this.#words[at + OWNER] = (PENDING << 1) | (generation & 1);
    this.#words[at + FD] = fd;
    this.length++;
    this.#enter(entry);
    return entry;
  }

  /** Slot of the owning process, or PENDING, or NOT_FOUND. */
  processOf(entry: number): number {
    return this.#words[entry * STRIDE + OWNER]! >> 1;
  }

  /** The descriptor in the process; of a PENDING entry whatever its user keeps there. */
  fdOf(entry: number): number {
    return this.#words[entry * STRIDE + FD]!;
  }

  setOwner(entry: number, process: number, fd: number): void {
    const at = entry * STRIDE;
    this.#words[at + OWNER] = (process << 1) | (this.#words[at + OWNER]! & 1);
    this.#words[at + FD] = fd;
  }

  /** Marks an entry as seen in a generation, the one after the last sweep. Returns whether it was not yet. */
  see(entry: number, generation: number): boolean {
    const at = entry * STRIDE + OWNER;
    const word = this.#words[at]!;
    if (((word ^ generation) & 1) === 0) return false;
    this.#words[at] = word ^ 1;
    return true;
  }

  /** Drops every entry that was not seen in `generation`, telling who held it. */
  sweep(generation: number, visit: (process: number, fd: number) => void): void {
    const words = this.#words;
    for (let at = 0; at < this.#end * STRIDE; at += STRIDE) {
      const word = words[at + OWNER]!;
      if (words[at] === FREE || ((word ^ generation) & 1) === 0) continue;
      visit(word >> 1, words[at + FD]!);
      this.#remove(at / STRIDE);
    }
    if (words.length > INITIAL_CAPACITY * STRIDE && this.length * STRIDE * 8 < words.length)
      this.#resize(this.length * 2);
  }

  forEach(visit: (entry: number) => void): void {
    for (let entry = 0; entry < this.#end; entry++) {
      if (this.#words[entry * STRIDE] !== FREE) visit(entry);
    }
  }

  /**
   * Once half of the entries are out of order: numbers them in the order of a dump, so that going through the dump's
   * rows goes through memory. `entries` and `inodes`, by row: those of rows with an entry agree (`isAt`); rewritten.
   */
  arrange(entries: Int32Array, inodes: Int32Array, rows: number): void {
    if (this.#reused * 2 <= this.length + INITIAL_CAPACITY) return;
    const old = this.#words;
    const end = this.#end;
    this.#words = new Int32Array(old.length);
    this.#end = 0;
    for (let row = 0; row < rows; row++) {
      const from = entries[row]! * STRIDE;
      if (inodes[row] === FREE || old[from] !== inodes[row]) continue;
      entries[row] = this.#append(old, from);
      old[from] = FREE;
    }
    for (let entry = 0; entry < end; entry++) {
      if (old[entry * STRIDE] !== FREE) this.#append(old, entry * STRIDE); // no row of this dump led to it
    }
    this.#enterAll();
  }

  #append(from: Int32Array, at: number): number {
    const to = this.#end * STRIDE;
    for (let word = 0; word < STRIDE; word++) this.#words[to + word] = from[at + word]!;
    return this.#end++;
  }

  #takeFree(): number {
    const entry = this.#firstFree;
    if (entry === NO_ENTRY) return this.#end++;
    this.#firstFree = this.#words[entry * STRIDE + OWNER]!;
    this.#reused++;
    return entry;
  }

  #remove(entry: number): void {
    this.#leave(entry);
    this.#words[entry * STRIDE] = FREE;
    this.#words[entry * STRIDE + OWNER] = this.#firstFree;
    this.#firstFree = entry;
    this.length--;
  }

  #enter(entry: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashInode(this.#words[entry * STRIDE]!) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = entry + 1;
  }

  /** Closes the gap with every follower that may stand there, so that no search ends at it too early. */
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

  /** Makes room for `wanted` entries, and numbers those there are anew. */
  #resize(wanted: number): void {
    const old = this.#words;
    const end = this.#end;
    let capacity = INITIAL_CAPACITY;
    while (capacity < wanted) capacity *= 2;
    // both before anything changes: what cannot be had must not leave half a table, which would be kept
    const [words, slots] = [new Int32Array(capacity * STRIDE), new Int32Array(capacity * 2)];
    this.#words = words;
    this.#slots = slots;
    this.#end = 0;
    for (let entry = 0; entry < end; entry++) {
      if (old[entry * STRIDE] !== FREE) this.#append(old, entry * STRIDE);
    }
    this.#enterAll();
  }

  /** All entries are at the front, in their order. */
  #enterAll(): void {
    this.#firstFree = NO_ENTRY;
    this.#reused = 0;
    this.#slots.fill(0);
    for (let entry = 0; entry < this.#end; entry++) this.#enter(entry);
  }
}

/** Inodes come in runs of neighbours: the multiplication scatters them over the high bits, the shift over the low ones. */
function hashInode(inode: number): number {
  const hash = Math.imul(inode, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}
