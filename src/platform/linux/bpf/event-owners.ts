import type { EventOwner } from '../../../model/connection-events.ts';
import type { KernelMap } from './kernel-map.ts';

/** Numbers of c/events.bpf.c. */
export const OWNER_OTHER = 0;
export const OWNER_UNKNOWN = 1;
/** struct owner_key of c/events.bpf.c. */
export const OWNER_KEY = { length: 24, name: 16, cgroup: 16 } as const;

/** A process by its name on the page and its cgroup, the halves of whose id are 32-bit numbers. */
export interface KnownOwner {
  readonly name: string;
  readonly low: number;
  readonly high: number;
}

/** What the page calls whom the kernel calls `comm`. Names are the same as long as `round` is. */
export interface OwnerNames {
  readonly round: number;
  nameOf(comm: string, cgroup: bigint): string;
}

interface Entry extends KnownOwner {
  readonly key: Buffer;
  readonly comm: string;
  readonly nameless: { readonly name: undefined; readonly cgroup: bigint };
  name: string;
  named: EventOwner;
  /** Of `OwnerNames`, in which it got its name. */
  round: number;
}

/** Who has which number. Names of removed entries stay for a while, because sockets may still be theirs. */
export class EventOwners {
  readonly #map: KernelMap;
  readonly #names: OwnerNames | undefined;
  readonly #known = new Map<number, Entry>();
  #mayRead = true;
  /** Removed from the kernel's map at the sweep before. */
  #removed = new Set<number>();

  constructor(map: KernelMap, names?: OwnerNames) {
    this.#map = map;
    this.#names = names;
  }

  /** Changes when names may have. */
  get round(): number {
    return this.#names?.round ?? 0;
  }

  /** Has the next unknown number looked up: numbers are given at any time, so that what was read before is not all. */
  begin(): void {
    this.#mayRead = true;
  }

  /** Undefined for nobody known. */
  find(number: number): KnownOwner | undefined {
    return this.#find(number);
  }

  /** The same object each time, until it is called something else. */
  describe(number: number, withName: boolean): EventOwner {
    if (number === OWNER_OTHER) return 'other';
    const entry = this.#find(number);
    if (entry === undefined) return 'unknown';
    return withName ? entry.named : entry.nameless;
  }

  #find(number: number): Entry | undefined {
    const known = this.#known.get(number);
    if (known !== undefined) return this.#rename(known);
    if (number <= OWNER_UNKNOWN || !this.#mayRead) return undefined;
    this.#mayRead = false;
    this.#readAll();
    const read = this.#known.get(number);
    return read && this.#rename(read);
  }

  /** Removes those that nothing refers to. */
  removeUnused(used: ReadonlySet<number>): void {
    this.#readAll();
    const removed = new Set<number>();
    for (const [number, { key }] of this.#known) {
      if (used.has(number)) continue;
      if (this.#removed.has(number)) this.#known.delete(number);
      else {
        this.#map.take(key);
        removed.add(number);
      }
    }
    this.#removed = removed;
  }

  #rename(entry: Entry): Entry {
    if (this.#names === undefined || entry.round === this.#names.round) return entry;
    entry.round = this.#names.round;
    const name = this.#names.nameOf(entry.comm, entry.nameless.cgroup);
    if (name !== entry.name) Object.assign(entry, { name, named: { name, cgroup: entry.nameless.cgroup } });
    return entry;
  }

  #readAll(): void {
    this.#map.readAll(({ keys, values, length }) => {
      for (let index = 0; index < length; index++) {
        const number = values.readUInt32LE(index * 4);
        if (!this.#known.has(number)) this.#known.set(number, decodeOwner(keys, index * OWNER_KEY.length));
      }
    });
  }
}

function decodeOwner(keys: Buffer, at: number): Entry {
  const key = Buffer.from(keys.subarray(at, at + OWNER_KEY.length));
  const end = key.indexOf(0);
  const comm = key.toString('utf8', 0, end < 0 ? OWNER_KEY.name : Math.min(end, OWNER_KEY.name));
  const cgroup = key.readBigUInt64LE(OWNER_KEY.cgroup);
  return {
    key,
    comm,
    nameless: { name: undefined, cgroup },
    name: comm,
    named: { name: comm, cgroup },
    round: -1,
    low: key.readInt32LE(OWNER_KEY.cgroup),
    high: key.readInt32LE(OWNER_KEY.cgroup + 4),
  };
}
