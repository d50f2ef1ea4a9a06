/** The `limit` best of all offered cells, by score; `compare` breaks ties. A binary heap with the worst on top. */
export class BoundedRanking {
  /** A cell with a lower score is certainly refused: −1 while there is room, +∞ if the limit is 0. */
  floor: number;
  readonly #limit: number;
  readonly #compare: (left: number, right: number) => number;
  readonly #cells: Int32Array;
  readonly #scores: Float64Array;
  #length = 0;

  constructor(limit: number, compare: (left: number, right: number) => number) {
    this.#limit = limit;
    this.#compare = compare;
    this.#cells = new Int32Array(limit);
    this.#scores = new Float64Array(limit);
    this.floor = limit === 0 ? Number.POSITIVE_INFINITY : -1;
  }

  clear(): void {
    this.#length = 0;
    this.floor = this.#limit === 0 ? Number.POSITIVE_INFINITY : -1;
  }

  offer(cell: number, score: number): void {
    if (score < this.floor || this.#limit === 0) return;
    if (this.#length < this.#limit) {
      this.#rise(this.#length++, cell, score);
    } else if (this.#isWorse(this.#cells[0]!, this.#scores[0]!, cell, score)) {
      this.#sink(cell, score);
    }
    if (this.#length === this.#limit) this.floor = this.#scores[0]!;
  }

  /** The cells kept, best first. */
  descending(): number[] {
    const order = Array.from({ length: this.#length }, (_, index) => index);
    order.sort((a, b) => this.#scores[b]! - this.#scores[a]! || this.#compare(this.#cells[a]!, this.#cells[b]!));
    return order.map((index) => this.#cells[index]!);
  }

  /** Whether the first cell ranks behind the second. */
  #isWorse(cell: number, score: number, otherCell: number, otherScore: number): boolean {
    if (score !== otherScore) return score < otherScore;
    return this.#compare(cell, otherCell) > 0;
  }

  #rise(start: number, cell: number, score: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isWorse(cell, score, this.#cells[parent]!, this.#scores[parent]!)) break;
      this.#move(parent, index);
      index = parent;
    }
    this.#put(index, cell, score);
  }

  #sink(cell: number, score: number): void {
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= this.#length) break;
      if (child + 1 < this.#length && this.#isWorseAt(child + 1, child)) child++;
      if (!this.#isWorse(this.#cells[child]!, this.#scores[child]!, cell, score)) break;
      this.#move(child, index);
      index = child;
    }
    this.#put(index, cell, score);
  }

  #isWorseAt(left: number, right: number): boolean {
    return this.#isWorse(this.#cells[left]!, this.#scores[left]!, this.#cells[right]!, this.#scores[right]!);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#cells[from]!, this.#scores[from]!);
  }

  #put(index: number, cell: number, score: number): void {
    this.#cells[index] = cell;
    this.#scores[index] = score;
  }
}
