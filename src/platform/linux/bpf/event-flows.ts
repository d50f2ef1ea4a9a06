import { EVENT_COUNTS, type EventGrowth } from '../../../model/connection-events.ts';
import type { KernelMap } from './kernel-map.ts';

/** struct flow of c/events.bpf.c, in words: its key, and the counts of 64 bits each. */
export const FLOW = {
  words: 8 + 2 * EVENT_COUNTS,
  owner: 0,
  place: 1,
  address: 2,
  netns: 6,
  interface: 7,
  counts: 8,
} as const;
const FLOW_BYTES = FLOW.words * 4;
/** struct flow_key. */
export const FLOW_KEY_BYTES = FLOW.counts * 4;

/** FLOWS and REST of c/events.bpf.c: places of flows, of what found none of those, and one for each direction of what is left. */
export const MOST_FLOWS = 8192;
export const MOST_REST = 2048;
export const COUNTS_BYTES = (MOST_FLOWS + MOST_REST + 2) * FLOW_BYTES;

/** Memory that the kernel writes: all places. */
export class EventCountsMemory {
  readonly words: Int32Array;
  /** The same memory: a count is read as a whole, both halves at once. */
  readonly numbers: BigUint64Array;
  readonly bytes: Buffer;

  constructor(words: Int32Array) {
    this.words = words;
    this.numbers = new BigUint64Array(words.buffer, words.byteOffset, words.length / 2);
    this.bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  }
}

/** Maps of the kernel's: places by key, and places that it may give anew. */
export interface PlaceMaps {
  readonly places: KernelMap;
  readonly free: KernelMap;
}

/** Places that are compared together. */
const BLOCK_PLACES = 64;

/** Of a place. Removed: no event finds it any more, unless its program had found it before. */
const Use = { none: 0, counts: 1, removed: 2 } as const;

/** What one region of the places has counted, compared with what it had at the last read. A flow that is idle costs a look. */
export class EventFlows {
  readonly #memory: EventCountsMemory;
  readonly #first: number;
  readonly #most: number;
  /** All places as they were. */
  readonly #seen: EventCountsMemory;
  readonly #changedMs: Float64Array;
  readonly #uses: Uint8Array;
  /** Places in use. */
  length = 0;

  /** Places `first` to `first + most - 1`. */
  constructor(memory: EventCountsMemory, first: number, most: number) {
    this.#memory = memory;
    this.#first = first;
    this.#most = most;
    this.#seen = new EventCountsMemory(new Int32Array(most * FLOW.words));
    this.#changedMs = new Float64Array(most);
    this.#uses = new Uint8Array(most);
  }

  /** Owners of the flows that count. */
  *owners(): Generator<number> {
    for (let place = 0; place < this.#most; place++)
      if (this.#uses[place] === Use.counts) yield this.#memory.words[this.#positionOf(place) + FLOW.owner]! >>> 0;
  }

  /**
   * Calls `each` with the position of a flow's words and what it has counted since the last read. `given`: so many places have ever been
   * in use.
   */
  read(given: number, nowMs: number, each: (at: number, grown: EventGrowth) => void): void {
    const used = Math.min(given, this.#most);
    for (let place = 0; place < used; place += BLOCK_PLACES) {
      const end = Math.min(place + BLOCK_PLACES, used);
      if (!this.#isSame(place, end)) this.#readBlock(place, end, nowMs, each);
    }
  }

  /** Whether nothing of these places has changed. */
  #isSame(place: number, end: number): boolean {
    const [from, to] = [place * FLOW_BYTES, end * FLOW_BYTES];
    const first = this.#first * FLOW_BYTES;
    return this.#memory.bytes.compare(this.#seen.bytes, from, to, first + from, first + to) === 0;
  }

  #readBlock(first: number, end: number, nowMs: number, each: (at: number, grown: EventGrowth) => void): void {
    for (let place = first; place < end; place++) {
      const at = this.#positionOf(place);
      const grown = this.#grow(place, at);
      if (grown === undefined) continue;
      if (this.#uses[place] === Use.none) {
        this.#uses[place] = Use.counts;
        this.length++;
      }
      this.#changedMs[place] = nowMs;
      each(at, grown);
    }
  }

  /**
   * Removes flows that have counted nothing since `beforeMs`, and frees the places of those that the call before removed, which is to be
   * minutes ago: a program that has just found a place counts there.
   */
  removeIdle(beforeMs: number, { places, free }: PlaceMaps, clear: (place: number) => void): void {
    for (let place = 0; place < this.#most; place++) {
      if (this.#uses[place] === Use.removed) this.#free(place, free, clear);
      else if (this.#uses[place] === Use.counts && this.#changedMs[place]! < beforeMs) this.#remove(place, places);
    }
  }

  /** Another thread of the process may have removed it, and the kernel have given the flow a place elsewhere. */
  #remove(place: number, places: KernelMap): void {
    const at = this.#positionOf(place);
    const key = Buffer.from(this.#memory.words.slice(at, at + FLOW.counts).buffer);
    if (places.read(key)?.readUInt32LE() === this.#first + place) places.take(key);
    this.#uses[place] = Use.removed;
  }

  #free(place: number, free: KernelMap, clear: (place: number) => void): void {
    clear(this.#first + place);
    this.#seen.words.fill(0, place * FLOW.words, (place + 1) * FLOW.words);
    this.#uses[place] = Use.none;
    this.length--;
    free.push(toValue(this.#first + place));
  }

  /** Undefined if nothing grew. */
  #grow(place: number, at: number): EventGrowth | undefined {
    const { words, numbers } = this.#memory;
    const { words: seen, numbers: seenNumbers } = this.#seen;
    const own = place * FLOW.words;
    let grown: number[] | undefined;
    for (let word = FLOW.counts; word < FLOW.words; word += 2) {
      if (words[at + word] === seen[own + word]) continue; // the low halves
      const number = numbers[(at + word) / 2]!;
      const growth = Number(number - seenNumbers[(own + word) / 2]!);
      seenNumbers[(own + word) / 2] = number;
      if (grown === undefined) grown = [(word - FLOW.counts) / 2, growth];
      else grown.push((word - FLOW.counts) / 2, growth);
    }
    for (let word = 0; word < FLOW.counts; word++) seen[own + word] = words[at + word]!;
    return grown;
  }

  #positionOf(place: number): number {
    return (this.#first + place) * FLOW.words;
  }
}

function toValue(number: number): Buffer {
  const value = Buffer.alloc(4);
  value.writeUInt32LE(number);
  return value;
}
