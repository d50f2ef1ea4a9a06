import { HeldFds } from './held-fds.ts';
import type { ProcessIdentity } from './process-identity.ts';

export const NO_NAME = -1;

/** What a process is called on the page. */
export interface ProcessLabel {
  readonly name: string;
  /** By which rules: they are numbered. */
  readonly by: number;
}

/** One process that was checked, or a part of one that holds sockets apart: see `partOf`. */
export interface ProcessRecord {
  readonly pid: number;
  readonly startTime: number;
  /** As `ProcessIdentity` has them. */
  name: string;
  argStart: number;
  threadCount: number;
  /** Undefined = nobody has asked since its last exec(). */
  label: ProcessLabel | undefined;
  /** Folder below procfs that holds its `fd`. */
  folder: string;
  isAlive: boolean;
  /** Whether its descriptors could not be read because privileges are missing. */
  isDenied: boolean;
  /** A ring with connections that the kernel does not list. */
  hasUnlistedSockets: boolean;
  /** All its descriptors were checked once. */
  isSearched: boolean;
  /** Where a search continues that a scrape had no time to finish. */
  searchFrom: number;
  /** Number of open descriptors in this scrape, −1 if not counted or the kernel does not count. */
  fdCount: number;
  /** Id of its name in the socket table, NO_NAME = not interned yet. */
  nameId: number;
  /** Index of its cgroup in the socket table, −1 = not read yet. */
  groupIndex: number;
  readonly held: HeldFds;
  /**
   * The slot of the process, for a thread that has a table of descriptors of its own. An io_uring ring has a record,
   * too, for the sockets that it holds (`held`, by their number in it): for it, the slot of the process or thread.
   */
  readonly partOf: number | undefined;
  /** The number and start time of such a thread. */
  readonly tid: number | undefined;
  readonly threadStart: number | undefined;
  /** Slots of such threads by their numbers; undefined = there never were any. */
  threads: Map<number, number> | undefined;
}

export function isProcess({ partOf }: ProcessRecord): boolean {
  return partOf === undefined;
}

/** Whether it is an io_uring ring; all others have descriptors. */
export function isRing({ partOf, tid }: ProcessRecord): boolean {
  return partOf !== undefined && tid === undefined;
}

/** The processes checked so far, each in a numbered slot that socket owners refer to. */
export class ProcessTable {
  /** By slot. */
  readonly records: (ProcessRecord | undefined)[] = [];
  readonly #slots = new Map<number, number>();
  readonly #free: number[] = [];
  /** The slot of the ring, by slot of the process or thread and descriptor. */
  readonly #rings = new Map<string, number>();
  #isRenamed = false;

  at(slot: number): ProcessRecord | undefined {
    return this.records[slot];
  }

  slotOf(pid: number): number | undefined {
    return this.#slots.get(pid);
  }

  /** The slot of a process: a new one if the pid is new or now belongs to a different process. */
  enter(pid: number, identity: ProcessIdentity): number {
    const known = this.#slots.get(pid);
    if (known !== undefined && this.update(known, identity)) return known;
    const slot = this.#add(pid, identity);
    this.#slots.set(pid, slot);
    return slot;
  }

  /** A new slot for a thread that has a table of descriptors of its own. It has the name of the process, and ends with it. */
  enterThread(process: number, tid: number, identity: ProcessIdentity): number {
    const record = this.records[process]!;
    const slot = this.#add(record.pid, identity, process, tid);
    record.threads = (record.threads ?? new Map<number, number>()).set(tid, slot);
    return slot;
  }

  /** The slot of the ring that a process holds at this descriptor. It has the name of the process, and ends with it. */
  enterRing(process: number, fd: number): number {
    const key = `${process} ${fd}`;
    const known = this.#rings.get(key);
    if (known !== undefined) return known;
    const record = this.records[process]!;
    const slot = this.#add(record.pid, record, process);
    this.#rings.set(key, slot);
    return slot;
  }

  /** The process that a record is a part of, or is itself. */
  processOf(record: ProcessRecord): ProcessRecord {
    return record.partOf === undefined ? record : this.processOf(this.records[record.partOf]!);
  }

  /** Removes a ring that the process no longer has. */
  endRing(process: number, fd: number): void {
    const ring = this.#rings.get(`${process} ${fd}`);
    if (ring === undefined) return;
    this.records[ring]!.isAlive = false;
    this.#rings.delete(`${process} ${fd}`);
  }

  /** Updates a slot from the current process of its pid. Returns whether it is still the same process. */
  update(slot: number, identity: ProcessIdentity | undefined): boolean {
    const record = this.records[slot];
    if (record === undefined || !record.isAlive) return false;
    if (identity?.startTime !== record.startTime || identity.threadStart !== record.threadStart) {
      this.#end(slot, record);
      return false;
    }
    if (record.name !== identity.name || record.argStart !== identity.argStart) this.#rename(slot, record, identity); // exec()
    record.folder = identity.folder;
    record.threadCount = identity.threadCount;
    return true;
  }

  /** Whether any process that holds sockets changed its name, or may have, since the last call. */
  takeRenamed(): boolean {
    const isRenamed = this.#isRenamed;
    this.#isRenamed = false;
    return isRenamed;
  }

  /** Forgets ids of names and cgroups: they get new ones. */
  forgetNameIds(): void {
    for (const record of this.records) {
      if (record === undefined) continue;
      record.nameId = NO_NAME;
      record.groupIndex = -1;
    }
  }

  /** Whether its descriptors, or those of whoever holds the ring, could not be read. */
  isClosed(record: ProcessRecord): boolean {
    return (isRing(record) ? this.records[record.partOf!]! : record).isDenied;
  }

  /** Whether the descriptors of any process could not be read. */
  hasDenied(): boolean {
    return this.records.some((record) => record?.isAlive && record.isDenied);
  }

  /** Whether there is an io_uring ring whose connections the kernel does not list. */
  hasUnlistedSockets(): boolean {
    return this.records.some((record) => record?.isAlive && record.hasUnlistedSockets);
  }

  /** Marks as ended every process whose pid does not exist. */
  keepOnly(pids: ReadonlySet<number>): void {
    for (const [pid, slot] of this.#slots) {
      if (!pids.has(pid)) this.update(slot, undefined);
    }
  }

  /** Frees the slots of ended processes. No entry may refer to them any more. */
  removeDead(): void {
    for (let slot = 0; slot < this.records.length; slot++) {
      const record = this.records[slot];
      if (record === undefined || record.isAlive) continue;
      this.records[slot] = undefined;
      this.#free.push(slot);
      for (const [key, ring] of this.#rings) if (ring === slot) this.#rings.delete(key);
    }
  }

  #add(pid: number, identity: ProcessIdentity, partOf?: number, tid?: number): number {
    const { startTime, name, argStart, threadCount, folder, threadStart } = identity;
    const slot = this.#free.pop() ?? this.records.length;
    this.records[slot] = {
      pid,
      startTime,
      name,
      argStart,
      threadCount,
      label: undefined,
      folder,
      isAlive: true,
      isDenied: false,
      hasUnlistedSockets: false,
      isSearched: false,
      searchFrom: 0,
      fdCount: -1,
      nameId: NO_NAME,
      groupIndex: -1,
      held: new HeldFds(),
      partOf,
      tid,
      threadStart,
      threads: undefined,
    };
    return slot;
  }

  #end(slot: number, record: ProcessRecord): void {
    record.isAlive = false;
    if (isProcess(record)) this.#slots.delete(record.pid);
    else if (record.tid !== undefined) this.records[record.partOf!]!.threads!.delete(record.tid);
    for (const part of this.#partsOf(slot, record)) this.#end(part, this.records[part]!);
  }

  #rename(slot: number, record: ProcessRecord, identity: ProcessIdentity): void {
    record.name = identity.name;
    record.argStart = identity.argStart;
    record.label = undefined;
    record.nameId = NO_NAME;
    if (record.held.sockets > 0) this.#isRenamed = true;
    for (const part of this.#partsOf(slot, record)) this.#rename(part, this.records[part]!, identity);
  }

  #partsOf(slot: number, { held, threads }: ProcessRecord): number[] {
    if (held.rings === undefined && threads === undefined) return [];
    return [...this.records.keys()].filter((part) => this.records[part]?.partOf === slot);
  }
}
