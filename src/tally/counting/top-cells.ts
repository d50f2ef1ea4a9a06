import { BoundedRanking } from './bounded-ranking.ts';

/** Counted cells, each with a number. */
export interface Cells {
  count(cell: number): number;
  /**
   * Visits all cells that are not 0 and returns their number. Adds each to the total of its fold, and offers it if it
   * reaches the fold's floor, which may rise meanwhile. Each class has its own loop, because it is the hot part.
   */
  visit(totals: Int32Array, floors: Int32Array, offer: (cell: number, count: number) => void): number;
}

/** What the selection needs to know about a breakdown's keys. */
export interface CellKey<Member> {
  /** Number of `other` cells the breakdown can have. */
  readonly folds: number;
  /** The `other` cell that a cell goes to if it is not kept: 0 … folds − 1. */
  foldOf(cell: number): number;
  /** A total order of cells by meaning, the same in every scrape: it breaks ties. */
  compare(left: number, right: number): number;
  /** The meaning of a cell, in terms that stay valid after this scrape's ids. */
  remember(cell: number): Member;
  /** The cell with the same meaning in this scrape, −1 if there is none. */
  recall(member: Member): number;
}

export interface Selection {
  /** Kept cells, largest first. */
  readonly kept: readonly number[];
  /** Per fold: the sum of all cells that were not kept. */
  readonly other: readonly number[];
  /** Number of cells that were not kept. */
  readonly folded: number;
}

/** A cell on the last page counts as this much larger: a newcomer must clearly exceed it to replace it. */
const STAY_FACTOR = 1.25;
const STAY_BONUS = 1;
/**
 * One cell in this many of the limit is reserved for each fold, so that a flood of one state never hides the others.
 */
const RESERVED_SHARE = 50;
/**
 * Most cells that tie with the smallest kept one and are compared by meaning. Among a hundred thousand cells with one
 * socket each it does not matter which ones show, and comparing them all would take longer than the rest.
 */
const MOST_TIES = 2000;
/** A floor that no count reaches. */
const MOST_SOCKETS = 2 ** 31 - 1;

/** Keeps the largest cells of a breakdown, the same ones from scrape to scrape unless others clearly overtake them. */
export class TopCells<Member> {
  readonly #limit: number;
  readonly #key: CellKey<Member>;
  readonly #overall: BoundedRanking;
  readonly #reserved: readonly BoundedRanking[];
  #members: readonly Member[] = [];

  constructor(limit: number, key: CellKey<Member>) {
    this.#limit = limit;
    this.#key = key;
    const compare = (left: number, right: number) => key.compare(left, right);
    this.#overall = new BoundedRanking(limit, compare);
    const share = Math.floor(limit / RESERVED_SHARE);
    this.#reserved = Array.from({ length: key.folds }, () => new BoundedRanking(share, compare));
  }

  /** Selects by count and remembers the choice for the next scrape. `first`: cells that are kept whatever their count, as far as the limit goes. */
  select(counts: Cells, first: readonly number[] = []): Selection {
    const members = this.#rankMembers(counts, first);
    const { totals, cells } = this.#rankAll(counts, members);
    const kept = this.#choose().sort((a, b) => counts.count(b) - counts.count(a) || this.#key.compare(a, b));
    for (const cell of kept) totals[this.#key.foldOf(cell)]! -= counts.count(cell);
    this.#members = kept.map((cell) => this.#key.remember(cell));
    return { kept, other: totals, folded: cells - kept.length };
  }

  #rankMembers(counts: Cells, first: readonly number[]): Set<number> {
    const cells = new Set<number>();
    for (const member of this.#members) {
      const cell = this.#key.recall(member);
      if (cell >= 0 && !first.includes(cell)) cells.add(cell);
    }
    for (const ranking of [this.#overall, ...this.#reserved]) ranking.clear();
    for (const cell of first) this.#offer(cell, Number.MAX_VALUE);
    for (const cell of cells) this.#offer(cell, counts.count(cell) * STAY_FACTOR + STAY_BONUS);
    for (const cell of first) cells.add(cell);
    return cells;
  }

  #offer(cell: number, score: number): void {
    this.#overall.offer(cell, score);
    this.#reserved[this.#key.foldOf(cell)]!.offer(cell, score);
  }

  #rankAll(counts: Cells, members: ReadonlySet<number>): { totals: number[]; cells: number } {
    const totals = new Int32Array(this.#key.folds);
    const floors = new Int32Array(this.#key.folds);
    let ties = 0;
    this.#raise(floors, false);
    const cells = counts.visit(totals, floors, (cell, count) => {
      if (members.has(cell)) return;
      const { floor } = this.#overall;
      this.#offer(cell, count);
      if (count === floor) ties++;
      if (count <= floor || this.#overall.floor !== floor) this.#raise(floors, ties >= MOST_TIES);
    });
    return { totals: [...totals], cells };
  }

  /** Updates the floors: counts that may enter, or (`isStrict`) that are certainly ahead of some kept cell. */
  #raise(floors: Int32Array, isStrict: boolean): void {
    const overall = this.#overall.floor;
    for (let fold = 0; fold < floors.length; fold++) {
      const floor = Math.min(overall, this.#reserved[fold]!.floor);
      floors[fold] = Math.min(isStrict ? Math.floor(floor) + 1 : Math.ceil(floor), MOST_SOCKETS);
    }
  }

  /** The reserved cells of every fold first, then the largest of all, up to the limit. */
  #choose(): number[] {
    const chosen = new Set(this.#reserved.flatMap((ranking) => ranking.descending()));
    for (const cell of this.#overall.descending()) {
      if (chosen.size >= this.#limit) break;
      chosen.add(cell);
    }
    return [...chosen];
  }
}
