import type { EventGrowth } from '../../model/connection-events.ts';
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

/** What a set of counters is about. */
export interface CountersShape<Group> {
  /** How many groups have counters of their own. */
  readonly limit: number;
  /** How many numbers each has; the first `sized` ones say how large it is. */
  readonly width: number;
  readonly sized: number;
  /** Asked only for a group that gets counters. */
  readonly toGroup: (key: string) => Group;
  /** The labels of `other` and `filtered`. */
  readonly toSum: (label: string) => Group;
}

/** A group that has counted nothing for so long makes room for another one. */
const IDLE_MS = 3_600_000;

/**
 * Counters of groups that come and go, of which at most `limit` have their own: a group keeps it until it is idle for an hour, whoever else
 * comes; the rest counts in the counters of `other`. What filters leave out counts in `filtered`. No counter ever falls before a `reset`, and
 * nothing is counted twice.
 */
export class KeptCounters<Group> {
  readonly #shape: CountersShape<Group>;
  readonly #kept = new Map<string, Kept<Group>>();
  /** By label: those of several groups that have counted anything. */
  readonly #sums = new Map<string, Kept<Group>>();
  /** Of this turn. */
  readonly #changed = new Set<Kept<Group>>();
  #newcomers = new Newcomers();

  constructor(shape: CountersShape<Group>) {
    this.#shape = shape;
  }

  /** Forgets every group: the counters begin anew. */
  reset(): void {
    this.#kept.clear();
    this.#sums.clear();
    this.#changed.clear();
    this.#newcomers = new Newcomers();
  }

  /** Adds what a group has counted since the last `turn`. `key`: names the group. Of groups that are as large, the first to come are kept. */
  add(key: string, grown: EventGrowth): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) this.#newcomers.add(key, this.#sizeOf(grown), grown);
    else {
      addTo(kept.counts, grown);
      this.#changed.add(kept);
    }
  }

  /** The same for a group that filters leave out. */
  addFiltered(grown: EventGrowth): void {
    addTo(this.#sumOf(FILTERED_LABEL).counts, grown);
  }

  /** The same for what belongs to no group that could be told. */
  addOther(grown: EventGrowth): void {
    addTo(this.#sumOf(OTHER_LABEL).counts, grown);
  }

  /** Returns every counter as it stands, NaN where one is 0 and was never on a page; and how many groups have counted in `other`. */
  turn(nowMs: number): { readonly counters: readonly Counted<Group>[]; readonly folded: number } {
    for (const kept of this.#changed) kept.changedMs = nowMs;
    this.#changed.clear();
    const newcomers = this.#newcomers;
    if (newcomers.length > 0) this.#newcomers = new Newcomers();
    this.#makeRoom(newcomers.length, nowMs);
    const largest = newcomers.largest(this.#shape.limit - this.#kept.size);
    const counts = new Map<number, Float64Array>();
    for (const [key, newcomer] of largest) {
      const kept = this.#create(this.#shape.toGroup(key), nowMs);
      this.#kept.set(key, kept);
      counts.set(newcomer, kept.counts);
    }
    const folded = newcomers.length - largest.size;
    newcomers.count(counts, folded === 0 ? undefined : this.#sumOf(OTHER_LABEL).counts);
    return { counters: [...this.#kept.values(), ...this.#sums.values()].map(show), folded };
  }

  #sumOf(label: string): Kept<Group> {
    const sum = this.#sums.get(label) ?? this.#create(this.#shape.toSum(label), 0);
    this.#sums.set(label, sum);
    return sum;
  }

  /** Those that have been idle for longest go first. */
  #makeRoom(wanted: number, nowMs: number): void {
    const missing = this.#kept.size + wanted - this.#shape.limit;
    if (missing <= 0) return;
    const idle = [...this.#kept].filter(([, { changedMs }]) => nowMs - changedMs >= IDLE_MS);
    idle.sort(([, a], [, b]) => a.changedMs - b.changedMs);
    for (const [key] of idle.slice(0, missing)) this.#kept.delete(key);
  }

  #sizeOf(grown: EventGrowth): number {
    let size = 0;
    for (let at = 0; at < grown.length; at += 2) if (grown[at]! < this.#shape.sized) size += grown[at + 1]!;
    return size;
  }

  #create(group: Group, changedMs: number): Kept<Group> {
    const { width } = this.#shape;
    return { group, counts: new Float64Array(width), isShown: new Uint8Array(width), changedMs };
  }
}

/** Words of a number that grew: whose, which, and by how much. */
const WORDS = 3;

/**
 * Groups without counters of their own, and what they count. Once in a while thousands come in one scrape, of which few get counters: no
 * object for each, and they are sorted by what JavaScript sorts without a function of ours.
 */
class Newcomers {
  readonly #numbers = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #sizes: number[] = [];
  #grown = new Float64Array(64 * WORDS);
  #used = 0;

  get length(): number {
    return this.#keys.length;
  }

  add(key: string, size: number, grown: EventGrowth): void {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#keys.push(key) - 1;
      this.#sizes.push(0);
      this.#numbers.set(key, number);
    }
    this.#sizes[number]! += size;
    for (let at = 0; at < grown.length; at += 2) this.#note(number, grown[at]!, grown[at + 1]!);
  }

  #note(number: number, place: number, value: number): void {
    if (this.#used === this.#grown.length) {
      const larger = new Float64Array(this.#grown.length * 2);
      larger.set(this.#grown);
      this.#grown = larger;
    }
    this.#grown[this.#used] = number;
    this.#grown[this.#used + 1] = place;
    this.#grown[this.#used + 2] = value;
    this.#used += WORDS;
  }

  /** Keys of those for whom there is room, with their numbers. */
  largest(room: number): ReadonlyMap<string, number> {
    const [keys, sizes] = [this.#keys, this.#sizes];
    if (keys.length <= room) return this.#numbers;
    if (room === 0) return new Map();
    const least = Float64Array.from(sizes).sort()[keys.length - room]!;
    const larger = keys.filter((_, number) => sizes[number]! > least);
    const equal = keys.filter((_, number) => sizes[number] === least);
    const largest = [...larger, ...equal.slice(0, room - larger.length)];
    return new Map(largest.map((key) => [key, this.#numbers.get(key)!]));
  }

  /** Adds what each has counted to its counts in `own`, else to `other`. */
  count(own: ReadonlyMap<number, Float64Array>, other: Float64Array | undefined): void {
    const grown = this.#grown;
    for (let at = 0; at < this.#used; at += WORDS) {
      const counts = own.get(grown[at]!) ?? other!;
      counts[grown[at + 1]!]! += grown[at + 2]!;
    }
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

function addTo(counts: Float64Array, grown: EventGrowth): void {
  for (let at = 0; at < grown.length; at += 2) counts[grown[at]!]! += grown[at + 1]!;
}
