const INITIAL_SLOTS = 1024;
const STRIDE = 4;
const INODE = 0;
const PROCESS = 1;
const FD = 2;
const GENERATION = 3;

/**
 * `process` of an entry that nobody was found for: not yet, or not by a search of all processes. The descriptor of a
 * PENDING entry is the generation it was added in.
 */
export const PENDING = -1;
export const NOT_FOUND = -2;

/** Values of the inode word that name no socket: a free slot, and one whose entry was dropped. */
const FREE = 0;
const DROPPED = -1;

/** Whether an inode can have an entry: the two numbers above cannot (0 is no socket's, 4294967295 hardly ever is). */
export function canKeep(inode: number): boolean {
  return inode !== FREE && inode !== DROPPED;
}

/**
 * Which process holds each socket, by inode, kept from scrape to scrape: an open-addressing hash table in one typed
 * array (inode, process slot, descriptor, generation last seen). An entry is named by its index, which holds until `add`.
 */
export class OwnerTable {
  /** Entries in use. */
  length = 0;
  #slots = new Int32Array(INITIAL_SLOTS * STRIDE);
  #mask = INITIAL_SLOTS - 1;
  #dropped = 0;

  /** The entry of an inode, −1 when there is none. */
  find(inode: number): number {
    if (inode === DROPPED) return -1;
    const slots = this.#slots;
    let index = hashInode(inode) & this.#mask;
    for (;;) {
      const key = slots[index * STRIDE + INODE]!;
      if (key === inode) return index;
      if (key === FREE) return -1;
      index = (index + 1) & this.#mask;
    }
  }

  /** A new PENDING entry for an inode that has none and can have one (`canKeep`). */
  add(inode: number, generation: number): number {
    if ((this.length + this.#dropped + 1) * 3 > (this.#mask + 1) * 2) this.#rebuild();
    const slots = this.#slots;
    let index = hashInode(inode) & this.#mask;
    while (slots[index * STRIDE + INODE] !== FREE) index = (index + 1) & this.#mask;
    slots[index * STRIDE + INODE] = inode;
    slots[index * STRIDE + PROCESS] = PENDING;
    slots[index * STRIDE + FD] = generation;
    slots[index * STRIDE + GENERATION] = generation;
    this.length++;
    return index;
  }

  inodeOf(entry: number): number {
    return this.#slots[entry * STRIDE + INODE]!;
  }

  /** Slot of the owning process, or PENDING, or NOT_FOUND. */
  processOf(entry: number): number {
    return this.#slots[entry * STRIDE + PROCESS]!;
  }

  fdOf(entry: number): number {
    return this.#slots[entry * STRIDE + FD]!;
  }

  setOwner(entry: number, process: number, fd: number): void {
    this.#slots[entry * STRIDE + PROCESS] = process;
    this.#slots[entry * STRIDE + FD] = fd;
  }

  touch(entry: number, generation: number): void {
    this.#slots[entry * STRIDE + GENERATION] = generation;
  }

  /** Drops every entry that was not touched in `generation`, telling who held it. */
  sweep(generation: number, visit: (process: number, fd: number) => void): void {
    const slots = this.#slots;
    for (let at = 0; at < slots.length; at += STRIDE) {
      const inode = slots[at + INODE]!;
      if (inode === FREE || inode === DROPPED || slots[at + GENERATION] === generation) continue;
      visit(slots[at + PROCESS]!, slots[at + FD]!);
      slots[at + INODE] = DROPPED;
      this.length--;
      this.#dropped++;
    }
    if (slots.length > INITIAL_SLOTS * STRIDE && this.length * STRIDE * 16 < slots.length) this.#rebuild();
  }

  /** Visits up to `most` entries, going round the table from call to call. `visit` may set their owner. */
  visitSome(cursor: number, most: number, visit: (entry: number) => void): number {
    const capacity = this.#mask + 1;
    let index = cursor & this.#mask;
    let visited = 0;
    for (let step = 0; step < capacity && visited < most; step++) {
      const inode = this.inodeOf(index);
      if (inode !== FREE && inode !== DROPPED) {
        visit(index);
        visited++;
      }
      index = (index + 1) & this.#mask;
    }
    return index;
  }

  #rebuild(): void {
    const old = this.#slots;
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(INITIAL_SLOTS, (this.length + 1) * 2)));
    this.#slots = new Int32Array(capacity * STRIDE);
    this.#mask = capacity - 1;
    this.#dropped = 0;
    for (let at = 0; at < old.length; at += STRIDE) {
      const inode = old[at + INODE]!;
      if (inode === FREE || inode === DROPPED) continue;
      let index = hashInode(inode) & this.#mask;
      while (this.#slots[index * STRIDE + INODE] !== FREE) index = (index + 1) & this.#mask;
      for (let word = 0; word < STRIDE; word++) this.#slots[index * STRIDE + word] = old[at + word]!;
    }
  }
}

function hashInode(inode: number): number {
  const hash = Math.imul(inode, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}
