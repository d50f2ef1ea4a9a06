import { EVENT_COUNTS, type EventCounts } from '../../../model/connection-events.ts';
import type { KernelMap } from './kernel-map.ts';

/** struct flow of c/events.bpf.c, in words: its key, and the counts of 64 bits each. */
export const FLOW = { words: 6 + 2 * EVENT_COUNTS, owner: 0, place: 1, address: 2, counts: 6 } as const;
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
  readonly #numbers: BigUint64Array;

  constructor(words: Int32Array) {
    this.words = words;
    this.#numbers = new BigUint64Array(words.buffer, words.byteOffset, words.length / 2);
  }

  /** Both halves at once, below 2⁵³. `at`: of the low half. */
  readCount(at: number): number {
    return Number(this.#numbers[at / 2]!);
  }
}

/** Maps of the kernel's: places by key, and places that it may give anew. */
export interface PlaceMaps {
  readonly places: KernelMap;
  readonly free: KernelMap;
}

const BLOCK_FLOWS = 256;

/** Of a place. Removed: no event finds it any more, unless its program had found it before. */
const Use = { none: 0, counts: 1, removed: 2 } as const;

/** What one region of the places has counted, compared with what it had at the last read. A flow that is idle costs a look. */
export class EventFlows {
  readonly #memory: EventCountsMemory;
  readonly #first: number;
  readonly #most: number;
  readonly #counts: Float64Array;
  readonly #changedMs: Float64Array;
  readonly #uses: Uint8Array;
  #block = new Float64Array(0);
  #blockUsed = 0;
  /** Places in use. */
  length = 0;

  /** Places `first` to `first + most - 1`. */
  constructor(memory: EventCountsMemory, first: number, most: number) {
    this.#memory = memory;
    this.#first = first;
    this.#most = most;
    this.#counts = new Float64Array(most * EVENT_COUNTS);
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
  read(given: number, nowMs: number, each: (at: number, grown: EventCounts) => void): void {
    const used = Math.min(given, this.#most);
    for (let place = 0; place < used; place++) {
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
    this.#counts.fill(0, place * EVENT_COUNTS, (place + 1) * EVENT_COUNTS);
    this.#uses[place] = Use.none;
    this.length--;
    free.push(toValue(this.#first + place));
  }

  /** By how much the counts grew, undefined if they did not. */
  #grow(place: number, at: number): EventCounts | undefined {
    const { words } = this.#memory;
    const counts = this.#counts;
    const own = place * EVENT_COUNTS;
    let grown: EventCounts | undefined;
    for (let index = 0; index < EVENT_COUNTS; index++) {
      const from = at + FLOW.counts + index * 2;
      const last = counts[own + index]!;
      if (words[from] === (last | 0)) continue; // the low halves
      const value = this.#memory.readCount(from);
      grown ??= this.#allocate();
      grown[index] = value - last;
      counts[own + index] = value;
    }
    return grown;
  }

  /** From blocks: an array with memory of its own costs more than all else. */
  #allocate(): EventCounts {
    if (this.#blockUsed === this.#block.length) {
      this.#block = new Float64Array(BLOCK_FLOWS * EVENT_COUNTS);
      this.#blockUsed = 0;
    }
    const from = this.#blockUsed;
    this.#blockUsed += EVENT_COUNTS;
    return this.#block.subarray(from, this.#blockUsed);
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
