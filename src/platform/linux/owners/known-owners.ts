import { GONE, NOT_A_SOCKET } from './fd-links.ts';
import { OTHER, UNKNOWN, YOUNG } from './held-fds.ts';
import { canKeep, NO_ENTRY, NOT_FOUND, OwnerTable, PENDING } from './owner-table.ts';
import { type ProcessRecord, ProcessTable } from './process-table.ts';

/** They hold sockets only to hand them to what they start: PID 1, and systemd's instances for users. */
const INIT_PID = 1;
const INIT_NAME = 'systemd';

/**
 * What is known of who holds which socket. One thing is always so: an entry names (process, descriptor) if and only if
 * that process's HeldFds have the entry's inode under that descriptor.
 */
export class KnownOwners {
  readonly sockets = new OwnerTable();
  readonly processes = new ProcessTable();
  /** Number of PENDING sockets, and of those among them that one scrape of search did not help. */
  pending = 0;
  overdue = 0;
  /** Whether anything is known now of a socket that was there before that was not known in the last scrape. */
  hasNews = false;
  /** Counts scrapes. */
  generation = 0;

  /**
   * Starts a scrape. Its new sockets are noted next, then those that left are released; or all are noted (`isFresh`), then
   * `dropUnseen` forgets the others.
   */
  begin(isFresh: boolean): void {
    this.generation++;
    this.processes.scrape = this.generation;
    this.overdue = this.pending;
    this.hasNews = false;
    this.sockets.shrink();
    if (isFresh) this.sockets.forgetRows();
  }

  /** Notes one row of the scrape. Returns its socket's entry, which holds for the scrape, or NO_ENTRY. */
  note(inode: number): number {
    if (!canKeep(inode)) return NO_ENTRY;
    const entry = this.sockets.find(inode);
    if (entry >= 0) {
      this.sockets.addRow(entry);
      return entry;
    }
    const added = this.sockets.add(inode, waitOf(this.generation, false));
    this.pending++; // after what may fail for want of memory: nobody counts anew
    return added;
  }

  /** A row is gone; with its last one the socket is forgotten. */
  release(inode: number): void {
    if (!canKeep(inode)) return;
    const entry = this.sockets.find(inode);
    if (entry >= 0 && this.sockets.removeRow(entry)) this.#forget(entry);
  }

  /** Forgets the sockets that have no row. */
  dropUnseen(): void {
    this.sockets.forEachRowless((entry) => this.#forget(entry));
  }

  /** Sockets of processes that ended belong to somebody else now; the processes are forgotten. */
  dropDead(): void {
    const { processes, sockets } = this;
    for (const record of processes.records) {
      if (record === undefined || record.isAlive || record.held.sockets === 0) continue;
      const { held } = record;
      for (let fd = held.nextSeen(0, held.top); fd < held.top; fd = held.nextSeen(fd + 1, held.top)) {
        if (canKeep(held.get(fd))) this.#await(sockets.find(held.get(fd)), this.generation - 1);
      }
    }
    processes.removeDead(); // no entry refers to them any more
  }

  /** The entry of a socket, or NO_ENTRY. */
  entryOf(inode: number): number {
    return canKeep(inode) ? this.sockets.find(inode) : NO_ENTRY;
  }

  /** What is known of an entry: the slot of its owner, or PENDING, or NOT_FOUND. */
  ownerAt(entry: number): number {
    return entry < 0 ? NOT_FOUND : this.sockets.processOf(entry);
  }

  /** Whether the owner of a PENDING entry was lost in this scrape: after the socket was dumped. */
  hasJustLost(entry: number): boolean {
    const wait = this.sockets.fdOf(entry);
    return hadOwner(wait) && waitsSince(wait) === this.generation;
  }

  /** Takes in what was seen behind a descriptor: an inode, NOT_A_SOCKET or GONE. */
  observe(slot: number, fd: number, link: number): void {
    const { held } = this.processes.records[slot]!;
    const mark = held.get(fd);
    if (link === mark && canKeep(mark)) return;
    if (canKeep(mark)) this.#await(this.sockets.find(mark), this.generation);
    if (link === GONE) held.set(fd, UNKNOWN);
    else if (link === NOT_A_SOCKET) held.set(fd, OTHER);
    else held.set(fd, this.#markOf(slot, fd, link, mark));
  }

  /** All processes were searched since `generation`: what waits since then, or longer, belongs to none of them. */
  giveUp(generation: number): void {
    const { sockets } = this;
    sockets.forEach((entry) => {
      if (sockets.processOf(entry) !== PENDING) return;
      const wait = sockets.fdOf(entry);
      // what lost its owner during the search may be held where that had looked before
      if (waitsSince(wait) + Number(hadOwner(wait)) > generation) return;
      if (this.#endWait(entry)) this.hasNews = true;
      sockets.setOwner(entry, NOT_FOUND, 0);
    });
  }

  #markOf(slot: number, fd: number, inode: number, mark: number): number {
    const entry = this.sockets.find(inode);
    if (entry < 0) return mark === YOUNG ? OTHER : YOUNG;
    return this.#claim(entry, slot, fd) ? inode : OTHER;
  }

  /** Whether the process, seen to hold the socket, is its owner now. */
  #claim(entry: number, slot: number, fd: number): boolean {
    const holder = this.sockets.processOf(entry);
    if (holder >= 0) {
      const current = this.processes.records[holder]!;
      if (!isPreferred(this.processes.records[slot]!, current)) return false;
      current.held.set(this.sockets.fdOf(entry), OTHER);
      this.hasNews = true;
    } else if (holder !== PENDING || this.#endWait(entry)) this.hasNews = true;
    this.sockets.setOwner(entry, slot, fd);
    return true;
  }

  #forget(entry: number): void {
    const { sockets } = this;
    const slot = sockets.processOf(entry);
    if (slot >= 0) this.processes.records[slot]!.held.set(sockets.fdOf(entry), UNKNOWN);
    else if (slot === PENDING) this.#endWait(entry);
    sockets.remove(entry);
  }

  /** The owner on record does not hold it any more: look again. */
  #await(entry: number, since: number): void {
    this.sockets.setOwner(entry, PENDING, waitOf(since, true));
    this.pending++;
    this.hasNews = true;
    if (since < this.generation) this.overdue++;
  }

  /** Returns whether that is news: not of a new socket, nor of one that `#await` told of. */
  #endWait(entry: number): boolean {
    this.pending--;
    if (waitsSince(this.sockets.fdOf(entry)) === this.generation) return false;
    this.overdue--;
    return true;
  }
}

/** What stands in place of the descriptor of a PENDING entry: since which generation, and whether it had an owner before. */
function waitOf(generation: number, hasHadOwner: boolean): number {
  return (generation << 1) | Number(hasHadOwner);
}

function waitsSince(wait: number): number {
  return wait >> 1;
}

function hadOwner(wait: number): boolean {
  return (wait & 1) === 1;
}

/**
 * Of several holders (fork, inheritance, descriptor passing) the oldest process counts, so that a listener shared by
 * prefork workers is its master's; init only where nobody else holds it.
 */
function isPreferred(candidate: ProcessRecord, current: ProcessRecord): boolean {
  if (!current.isAlive || current.isDenied) return true; // what it held once cannot be seen any more
  if (isInit(candidate) !== isInit(current)) return isInit(current);
  return (candidate.startTime - current.startTime || candidate.pid - current.pid) < 0;
}

function isInit({ pid, name }: ProcessRecord): boolean {
  return pid === INIT_PID || name === INIT_NAME;
}
