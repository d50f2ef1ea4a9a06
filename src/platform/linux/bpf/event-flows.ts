import { EVENT_COUNTS, type EventCounts } from '../../../model/connection-events.ts';
import type { KernelMap } from './kernel-map.ts';

/** struct flow_key and struct flow of c/events.bpf.c. */
export const FLOW_KEY = { length: 24, owner: 0, port: 4, direction: 6, address: 8 } as const;
export const FLOW_BYTES = EVENT_COUNTS * 8;

interface KnownFlow {
  readonly key: Buffer;
  readonly counts: EventCounts;
  changedMs: number;
}

/** What one map of flows has counted, compared with what it had at the last read. */
export class EventFlows {
  readonly #map: KernelMap;
  readonly #known = new Map<string, KnownFlow>();

  constructor(map: KernelMap) {
    this.#map = map;
  }

  /** Entries of the map at the last read. */
  get length(): number {
    return this.#known.size;
  }

  /** Owners that the map refers to. */
  *owners(): Generator<number> {
    for (const { key } of this.#known.values()) yield key.readUInt32LE(FLOW_KEY.owner);
  }

  /** Calls `each` with what a flow has counted since the last read. */
  read(nowMs: number, each: (key: Buffer, grown: EventCounts) => void): void {
    this.#map.readAll(({ keys, values, length }) => {
      for (let index = 0; index < length; index++) {
        const at = index * FLOW_KEY.length;
        const name = keys.toString('latin1', at, at + FLOW_KEY.length);
        let flow = this.#known.get(name);
        if (flow === undefined) {
          const key = Buffer.from(keys.subarray(at, at + FLOW_KEY.length));
          flow = { key, counts: new Float64Array(EVENT_COUNTS), changedMs: nowMs };
          this.#known.set(name, flow);
        }
        const grown = grow(flow.counts, values, index * FLOW_BYTES);
        if (grown === undefined) continue;
        flow.changedMs = nowMs;
        each(flow.key, grown);
      }
    });
  }

  /**
   * Removes flows that have counted nothing since `beforeMs`, which is to be long ago: a program that has just found an entry would count
   * where another flow is by then.
   */
  removeIdle(beforeMs: number, each: (key: Buffer, grown: EventCounts) => void): void {
    for (const [name, { key, counts, changedMs }] of this.#known) {
      if (changedMs >= beforeMs) continue;
      const last = this.#map.take(key);
      this.#known.delete(name);
      const grown = last && grow(counts, last, 0);
      if (grown !== undefined) each(key, grown);
    }
  }
}

/** Adds what the kernel counted to `counts`; returns by how much it grew, undefined if it did not. */
export function grow(counts: EventCounts, values: Buffer, at: number): EventCounts | undefined {
  let grown: EventCounts | undefined;
  for (let index = 0; index < EVENT_COUNTS; index++) {
    const value = readCount(values, at + index * 8);
    const last = counts[index]!;
    if (value === last) continue;
    grown ??= new Float64Array(EVENT_COUNTS);
    grown[index] = value - last;
    counts[index] = value;
  }
  return grown;
}

/** A 64-bit number that stays below 2⁵³. */
export function readCount(values: Buffer, at: number): number {
  return values.readUInt32LE(at) + values.readUInt32LE(at + 4) * 2 ** 32;
}
