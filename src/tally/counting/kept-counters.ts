import { FILTERED_LABEL, OTHER_LABEL } from '../../table/name-table.ts';
import { BoundedRanking } from './bounded-ranking.ts';

/** A group and what it has counted. */
export interface Counted<Group> {
  readonly group: Group;
  /** Shape: as given at construction. */
  readonly counts: Float64Array;
}

interface Kept<Group> extends Counted<Group> {
  /** 1 = the number was on a page, at 0 at first, so that its growth is seen. */
  readonly isShown: Uint8Array;
  changedMs: number;
}

/** What a group has counted since the last turn. */
interface Grown<Group> {
  readonly group: Group;
  counts: Float64Array;
  /** Whether nobody else has `counts`: an array for each group that counts costs more than the counting. */
  isOwn: boolean;
  size: number;
}

/** A group that has counted nothing for so long makes room for another one. */
const IDLE_MS = 3_600_000;

/**
 * Counters of groups that come and go, of which at most `limit` have their own: a group keeps it until it is idle for an hour, whoever else
 * comes; the rest counts in the counters of `other`. What filters leave out counts in `filtered`. No counter ever falls before a `reset`, and
 * nothing is counted twice.
 */
export class KeptCounters<Group> {
  readonly #limit: number;
  readonly #width: number;
  readonly #sized: number;
  readonly #kept = new Map<string, Kept<Group>>();
  readonly #toSum: (label: string) => Group;
  /** By label: those of several groups that have counted anything. */
  readonly #sums = new Map<string, Kept<Group>>();
  #grown = new Map<string, Grown<Group>>();

  /** `toSum`: the labels of `other` and `filtered`; `sized`: the first so many counts say how large a group is. */
  constructor(limit: number, width: number, toSum: (label: string) => Group, sized = width) {
    this.#limit = limit;
    this.#width = width;
    this.#toSum = toSum;
    this.#sized = sized;
  }

  /** Forgets every group: the counters begin anew. */
  reset(): void {
    this.#kept.clear();
    this.#sums.clear();
    this.#grown.clear();
  }

  /** Adds what a group has counted since the last `turn`. `key`: names the group. Until then `counts` must not change. */
  add(key: string, group: Group, counts: Float64Array): void {
    const known = this.#grown.get(key);
    if (known === undefined) {
      this.#grown.set(key, { group, counts, isOwn: false, size: this.#sizeOf(counts) });
      return;
    }
    if (!known.isOwn) known.counts = known.counts.slice();
    known.isOwn = true;
    known.size += this.#sizeOf(counts);
    addTo(known.counts, counts);
  }

  /** The same for a group that filters leave out. */
  addFiltered(counts: Float64Array): void {
    addTo(this.#sumOf(FILTERED_LABEL).counts, counts);
  }

  /** Returns every counter as it stands, NaN where one is 0 and was never on a page; and how many groups have counted in `other`. */
  turn(nowMs: number): { readonly counters: readonly Counted<Group>[]; readonly folded: number } {
    const newcomers: (readonly [key: string, grown: Grown<Group>])[] = [];
    for (const entry of this.#grown) {
      const [key, grown] = entry;
      const kept = this.#kept.get(key);
      if (kept === undefined) newcomers.push(entry);
      else this.#count(kept, grown.counts, nowMs);
    }
    this.#grown = new Map();
    this.#makeRoom(newcomers.length, nowMs);
    const largest = this.#chooseLargest(newcomers);
    for (const index of largest) {
      const [key, { group, counts }] = newcomers[index]!;
      const kept = this.#create(group, nowMs);
      this.#kept.set(key, kept);
      this.#count(kept, counts, nowMs);
    }
    const folded = newcomers.length - largest.size;
    if (folded > 0) {
      const other = this.#sumOf(OTHER_LABEL);
      for (const [index, [, { counts }]] of newcomers.entries()) if (!largest.has(index)) addTo(other.counts, counts);
    }
    return { counters: [...this.#kept.values(), ...this.#sums.values()].map(show), folded };
  }

  /** Indices of those for whom there is room. */
  #chooseLargest(newcomers: readonly (readonly [key: string, grown: Grown<Group>])[]): ReadonlySet<number> {
    const byKey = (left: number, right: number) => (newcomers[left]![0] < newcomers[right]![0] ? -1 : 1);
    const ranking = new BoundedRanking(Math.min(this.#limit - this.#kept.size, newcomers.length), byKey);
    for (const [index, [, { size }]] of newcomers.entries()) ranking.offer(index, size);
    return new Set(ranking.descending());
  }

  #count(kept: Kept<Group>, counts: Float64Array, nowMs: number): void {
    addTo(kept.counts, counts);
    kept.changedMs = nowMs;
  }

  #sumOf(label: string): Kept<Group> {
    const sum = this.#sums.get(label) ?? this.#create(this.#toSum(label), 0);
    this.#sums.set(label, sum);
    return sum;
  }

  /** Those that have been idle for longest go first. */
  #makeRoom(wanted: number, nowMs: number): void {
    const missing = this.#kept.size + wanted - this.#limit;
    if (missing <= 0) return;
    const idle = [...this.#kept].filter(([, { changedMs }]) => nowMs - changedMs >= IDLE_MS);
    idle.sort(([, a], [, b]) => a.changedMs - b.changedMs);
    for (const [key] of idle.slice(0, missing)) this.#kept.delete(key);
  }

  #sizeOf(counts: Float64Array): number {
    let size = 0;
    for (let index = 0; index < this.#sized; index++) size += counts[index]!;
    return size;
  }

  #create(group: Group, changedMs: number): Kept<Group> {
    return { group, counts: new Float64Array(this.#width), isShown: new Uint8Array(this.#width), changedMs };
  }
}

/** A number that was not on a page is 0 on its first one. */
function show<Group>({ group, counts, isShown }: Kept<Group>): Counted<Group> {
  const shown = counts.map((count, index) => {
    if (isShown[index] === 1) return count;
    if (count === 0) return Number.NaN;
    isShown[index] = 1;
    return 0;
  });
  return { group, counts: shown };
}

function addTo(counts: Float64Array, more: Float64Array): void {
  for (let index = 0; index < counts.length; index++) counts[index]! += more[index]!;
}
