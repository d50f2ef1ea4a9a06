const INITIAL_SLOTS = 256;

/** Slots of an open-addressing hash table over a run of cells: cell + 1, or 0 where free. Emptied for each partition. */
export class PartitionIndex {
  slots = new Int32Array(INITIAL_SLOTS);
  mask = INITIAL_SLOTS - 1;

  /** Empties the slots; there is room for `cells` before `grow` is needed. */
  begin(cells: number): void {
    const wanted = Math.max(INITIAL_SLOTS, 2 ** Math.ceil(Math.log2(cells * 2 + 1)));
    if (this.slots.length === wanted) this.slots.fill(0);
    else this.#allocate(wanted);
  }

  /** Doubles the slots and enters the cells `first` … `end` − 1 again. */
  grow(first: number, end: number, hashOf: (cell: number) => number): void {
    this.#allocate(this.slots.length * 2);
    for (let cell = first; cell < end; cell++) {
      let slot = hashOf(cell) & this.mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
      this.slots[slot] = cell + 1;
    }
  }

  #allocate(length: number): void {
    this.slots = new Int32Array(length);
    this.mask = length - 1;
  }
}
