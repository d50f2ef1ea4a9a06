import { FILTERED_LABEL, OTHER_LABEL } from '../../table/name-table.ts';

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
  readonly #kept = new Map<string, Kept<Group>>();
  readonly #toSum: (label: string) => Group;
  /** By label: those of several groups that have counted anything. */
  readonly #sums = new Map<string, Kept<Group>>();
  #grown = new Map<string, Counted<Group>>();

  /** `toSum`: the labels of `other` and `filtered`. */
  constructor(limit: number, width: number, toSum: (label: string) => Group) {
    this.#limit = limit;
    this.#width = width;
    this.#toSum = toSum;
  }

  /** Forgets every group: the counters begin anew. */
  reset(): void {
    this.#kept.clear();
    this.#sums.clear();
    this.#grown.clear();
  }

  /** Adds what a group has counted since the last `turn`. `key`: names the group. */
  add(key: string, group: Group, counts: Float64Array): void {
    const known = this.#grown.get(key);
    if (known === undefined) this.#grown.set(key, { group, counts: Float64Array.from(counts) });
    else addTo(known.counts, counts);
  }

  /** The same for a group that filters leave out. */
  addFiltered(counts: Float64Array): void {
    addTo(this.#sumOf(FILTERED_LABEL).counts, counts);
  }

  /** Returns every counter as it stands, NaN where one is 0 and was never on a page; and how many groups have counted in `other`. */
  turn(nowMs: number): { readonly counters: readonly Counted<Group>[]; readonly folded: number } {
    const newcomers: [key: string, counted: Counted<Group>][] = [];
    for (const [key, grown] of this.#grown) {
      const kept = this.#kept.get(key);
      if (kept === undefined) newcomers.push([key, grown]);
      else this.#count(kept, grown.counts, nowMs);
    }
    this.#grown = new Map();
    newcomers.sort(([aKey, a], [bKey, b]) => sum(b.counts) - sum(a.counts) || (aKey < bKey ? -1 : 1));
    this.#makeRoom(newcomers.length, nowMs);
    let folded = 0;
    for (const [key, { group, counts }] of newcomers) {
      if (this.#kept.size < this.#limit) {
        const kept = this.#create(group, nowMs);
        this.#kept.set(key, kept);
        this.#count(kept, counts, nowMs);
      } else {
        folded++;
        addTo(this.#sumOf(OTHER_LABEL).counts, counts);
      }
    }
    return { counters: [...this.#kept.values(), ...this.#sums.values()].map(show), folded };
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

function sum(counts: Float64Array): number {
  return counts.reduce((total, count) => total + count, 0);
}
