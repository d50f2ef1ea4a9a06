import type { ProcessIdentity } from './process-identity.ts';

/** One process that was looked at. */
export interface ProcessRecord {
  readonly pid: number;
  startTime: number;
  name: string;
  isAlive: boolean;
  /** Its descriptors could not be read for want of privileges. */
  isDenied: boolean;
  /** Highest descriptor seen to be a socket, −1 for none. */
  highestFd: number;
  /** Number of open descriptors when it was last searched, −1 where that is not known. */
  fdCount: number;
  /** Where a search that ran out of time goes on; 0 = it was complete. */
  searchFrom: number;
}

/** The processes looked at so far, each in a numbered slot that socket owners refer to. */
export class ProcessTable {
  readonly #records: (ProcessRecord | undefined)[] = [];
  readonly #slots = new Map<number, number>();
  readonly #free: number[] = [];

  /** Number of slots: one more than the highest in use. */
  get slots(): number {
    return this.#records.length;
  }

  at(slot: number): ProcessRecord | undefined {
    return this.#records[slot];
  }

  slotOf(pid: number): number | undefined {
    return this.#slots.get(pid);
  }

  /** The slot of a process as it is now: a new one when the pid is new or belongs to another process than before. */
  enter(pid: number, identity: ProcessIdentity): number {
    const known = this.#slots.get(pid);
    if (known !== undefined && this.update(known, identity)) return known;
    const slot = this.#free.pop() ?? this.#records.length;
    this.#records[slot] = {
      pid,
      ...identity,
      isAlive: true,
      isDenied: false,
      highestFd: -1,
      fdCount: -1,
      searchFrom: 0,
    };
    this.#slots.set(pid, slot);
    return slot;
  }

  /** Brings a slot up to date with what its pid is now. Returns whether it is still the same process. */
  update(slot: number, identity: ProcessIdentity | undefined): boolean {
    const record = this.#records[slot];
    if (record === undefined || !record.isAlive) return false;
    if (identity === undefined || identity.startTime !== record.startTime) {
      record.isAlive = false;
      if (this.#slots.get(record.pid) === slot) this.#slots.delete(record.pid);
      return false;
    }
    record.name = identity.name;
    return true;
  }

  /** Whether the descriptors of any process could not be read. */
  hasDenied(): boolean {
    return this.#records.some((record) => record?.isAlive && record.isDenied);
  }

  /** Frees the slots of processes that ended. Nobody may refer to them any more. */
  removeDead(): void {
    for (const [slot, record] of this.#records.entries()) {
      if (record === undefined || record.isAlive) continue;
      this.#records[slot] = undefined;
      this.#free.push(slot);
    }
  }

  /** Marks as ended every process whose pid is not among those that exist. */
  keepOnly(pids: ReadonlySet<number>): void {
    for (const [pid, slot] of this.#slots) {
      if (!pids.has(pid)) this.update(slot, undefined);
    }
  }
}
