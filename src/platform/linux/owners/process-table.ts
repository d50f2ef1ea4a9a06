import { HeldFds } from './held-fds.ts';
import type { ProcessIdentity } from './process-identity.ts';

export const NO_NAME = -1;

/** One process that was looked at. */
export interface ProcessRecord {
  readonly pid: number;
  readonly startTime: number;
  name: string;
  /** Folder below procfs that holds its `fd`. */
  folder: string;
  isAlive: boolean;
  /** Its descriptors could not be read for want of privileges. */
  isDenied: boolean;
  /** All of its descriptors were looked at once. */
  isSearched: boolean;
  /** Where a search goes on for which a scrape had no time. */
  searchFrom: number;
  /** Number of open descriptors in this scrape, −1 where it was not asked for or the kernel does not tell. */
  fdCount: number;
  /** Id of its name in the table of sockets, NO_NAME = it was not asked for yet. */
  nameId: number;
  /** Scrape in which its identity was read last, as `ProcessTable.scrape` counts them. */
  seenIn: number;
  readonly held: HeldFds;
}

/** The processes looked at so far, each in a numbered slot that socket owners refer to. */
export class ProcessTable {
  /** By slot. */
  readonly records: (ProcessRecord | undefined)[] = [];
  /** Set by whoever counts the scrapes. */
  scrape = 0;
  readonly #slots = new Map<number, number>();
  readonly #free: number[] = [];
  #isRenamed = false;

  at(slot: number): ProcessRecord | undefined {
    return this.records[slot];
  }

  slotOf(pid: number): number | undefined {
    return this.#slots.get(pid);
  }

  /** The slot of a process as it is now: a new one when the pid is new or belongs to another process than before. */
  enter(pid: number, identity: ProcessIdentity): number {
    const known = this.#slots.get(pid);
    if (known !== undefined && this.update(known, identity)) return known;
    const slot = this.#free.pop() ?? this.records.length;
    this.records[slot] = {
      pid,
      ...identity,
      isAlive: true,
      isDenied: false,
      isSearched: false,
      searchFrom: 0,
      fdCount: -1,
      nameId: NO_NAME,
      seenIn: this.scrape,
      held: new HeldFds(),
    };
    this.#slots.set(pid, slot);
    return slot;
  }

  /** Brings a slot up to date with what its pid is now. Returns whether it is still the same process. */
  update(slot: number, identity: ProcessIdentity | undefined): boolean {
    const record = this.records[slot];
    if (record === undefined || !record.isAlive) return false;
    if (identity === undefined || identity.startTime !== record.startTime) {
      record.isAlive = false;
      this.#slots.delete(record.pid);
      return false;
    }
    record.seenIn = this.scrape;
    if (record.name !== identity.name) {
      record.name = identity.name; // exec()
      record.nameId = NO_NAME;
      if (record.held.sockets > 0) this.#isRenamed = true;
    }
    record.folder = identity.folder;
    return true;
  }

  /** Whether any process that holds sockets has got another name since this was asked last. */
  takeRenamed(): boolean {
    const isRenamed = this.#isRenamed;
    this.#isRenamed = false;
    return isRenamed;
  }

  /** Names get other ids. */
  forgetNameIds(): void {
    for (const record of this.records) if (record !== undefined) record.nameId = NO_NAME;
  }

  /** Whether the descriptors of any process could not be read. */
  hasDenied(): boolean {
    return this.records.some((record) => record?.isAlive && record.isDenied);
  }

  /** Marks as ended every process whose pid is not among those that exist. */
  keepOnly(pids: ReadonlySet<number>): void {
    for (const [pid, slot] of this.#slots) {
      if (!pids.has(pid)) this.update(slot, undefined);
    }
  }

  /** Frees the slots of processes that ended. Nobody may refer to them any more. */
  removeDead(): void {
    for (let slot = 0; slot < this.records.length; slot++) {
      const record = this.records[slot];
      if (record === undefined || record.isAlive) continue;
      this.records[slot] = undefined;
      this.#free.push(slot);
    }
  }
}
