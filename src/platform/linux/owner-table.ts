const INITIAL_CAPACITY = 1024;
const STRIDE = 2;
const OWNER = 1;
/** The inode of a free place. */
const FREE = 0;

/** `process` of an entry that nobody was found for: not yet, or not by a search of all processes. */
export const PENDING = -1;
export const NOT_FOUND = -2;

/** Whether a socket's inode can have an entry: no socket has 0, and −1 and −2 (of 2³² numbers) say other things. */
export function canKeep(inode: number): boolean {
  return inode > 0 || inode < -2;
}

/**
 * Which process holds each socket, by inode, kept from scrape to scrape. An open-addressing hash table: inode and owner
 * stand side by side, so that finding both costs one cache miss, and the descriptor, seldom needed, stands apart.
 * An entry is named by its place, which holds until the next `add` or `sweep`.
 */
export class OwnerTable {
  /** Entries in use. */
  length = 0;
  #capacity = INITIAL_CAPACITY;
  /** Per place: inode, then process << 1 | parity of the generation that saw it last. */
  #words = new Int32Array(INITIAL_CAPACITY * STRIDE);
  /** The descriptor in the process; of a PENDING entry whatever its user keeps there. */
  #fds = new Int32Array(INITIAL_CAPACITY);

  /** The entry of an inode that can be kept, −1 when there is none. */
  find(inode: number): number {
    const words = this.#words;
    const mask = this.#capacity - 1;
    let place = hashInode(inode) & mask;
    for (;;) {
      const key = words[place * STRIDE]!;
      if (key === inode) return place;
      if (key === FREE) return -1;
      place = (place + 1) & mask;
    }
  }

  /** A new entry, PENDING and seen, for an inode that has none and can be kept. */
  add(inode: number, generation: number, fd: number): number {
    if ((this.length + 1) * 3 > this.#capacity * 2) this.#resize(this.#capacity * 2);
    const place = this.#freePlace(inode);
    this.#words[place * STRIDE] = inode;
    this.#words[place * STRIDE + OWNER] = (PENDING << 1) | (generation & 1);
    this.#fds[place] = fd;
    this.length++;
    return place;
  }

  /** Slot of the owning process, or PENDING, or NOT_FOUND. */
  processOf(entry: number): number {
    return this.#words[entry * STRIDE + OWNER]! >> 1;
  }

  fdOf(entry: number): number {
    return this.#fds[entry]!;
  }

  setOwner(entry: number, process: number, fd: number): void {
    const at = entry * STRIDE + OWNER;
    this.#words[at] = (process << 1) | (this.#words[at]! & 1);
    this.#fds[entry] = fd;
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
    for (let place = 0; place < this.#capacity; ) {
      const word = this.#words[place * STRIDE + OWNER]!;
      if (this.#words[place * STRIDE] === FREE || ((word ^ generation) & 1) === 0) {
        place++;
        continue;
      }
      visit(word >> 1, this.#fds[place]!);
      this.#remove(place); // a follower may stand here now: look again
    }
    if (this.#capacity > INITIAL_CAPACITY && this.length * 8 < this.#capacity) this.#resize(capacityFor(this.length));
  }

  forEach(visit: (entry: number) => void): void {
    for (let place = 0; place < this.#capacity; place++) {
      if (this.#words[place * STRIDE] !== FREE) visit(place);
    }
  }

  /** Closes the gap with every follower that may stand there, so that no search ends at it too early. */
  #remove(place: number): void {
    const words = this.#words;
    const mask = this.#capacity - 1;
    let gap = place;
    for (let next = (gap + 1) & mask; words[next * STRIDE] !== FREE; next = (next + 1) & mask) {
      const home = hashInode(words[next * STRIDE]!) & mask;
      if (((next - home) & mask) < ((next - gap) & mask)) continue;
      words[gap * STRIDE] = words[next * STRIDE]!;
      words[gap * STRIDE + OWNER] = words[next * STRIDE + OWNER]!;
      this.#fds[gap] = this.#fds[next]!;
      gap = next;
    }
    words[gap * STRIDE] = FREE;
    this.length--;
  }

  #freePlace(inode: number): number {
    const mask = this.#capacity - 1;
    let place = hashInode(inode) & mask;
    while (this.#words[place * STRIDE] !== FREE) place = (place + 1) & mask;
    return place;
  }

  #resize(capacity: number): void {
    const words = this.#words;
    const fds = this.#fds;
    this.#capacity = capacity;
    this.#words = new Int32Array(capacity * STRIDE);
    this.#fds = new Int32Array(capacity);
    for (let old = 0; old < fds.length; old++) {
      const inode = words[old * STRIDE]!;
      if (inode === FREE) continue;
      const place = this.#freePlace(inode);
      this.#words[place * STRIDE] = inode;
      this.#words[place * STRIDE + OWNER] = words[old * STRIDE + OWNER]!;
      this.#fds[place] = fds[old]!;
    }
  }
}

/** The smallest capacity that is at most half full with `length` entries. */
function capacityFor(length: number): number {
  let capacity = INITIAL_CAPACITY;
  while (capacity < length * 2) capacity *= 2;
  return capacity;
}

/** Inodes come in runs of neighbours: the multiplication scatters them over the high bits, the shift over the low ones. */
function hashInode(inode: number): number {
  const hash = Math.imul(inode, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}
