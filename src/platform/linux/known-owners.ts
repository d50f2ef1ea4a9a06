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
  /** Whether a socket that had an owner, or was given up, has another one now. */
  isChanged = false;
  /** Counts scrapes. */
  generation = 0;
  /** The entry of the socket noted last. */
  noted = NO_ENTRY;
  #seen = 0;

  /** Starts a scrape: its sockets are noted next, then `dropUnseen` forgets the others. */
  begin(): void {
    this.generation++;
    this.pending = 0;
    this.overdue = 0;
    this.isChanged = false;
    this.#seen = 0;
  }

  /**
   * Notes one socket of the scrape. Returns the slot of its owner as far as it is known, or PENDING, or NOT_FOUND; its
   * entry is `noted` then. `hint`: what may be its entry.
   */
  note(inode: number, hint: number): number {
    this.noted = NO_ENTRY;
    if (!canKeep(inode)) return NOT_FOUND;
    const { sockets, generation } = this;
    const entry = sockets.isAt(hint, inode) ? hint : sockets.find(inode);
    if (entry < 0) {
      this.noted = sockets.add(inode, generation, waitOf(generation, false));
      this.#seen++;
      this.pending++;
      return PENDING;
    }
    this.noted = entry;
    const slot = sockets.processOf(entry);
    if (!sockets.see(entry, generation)) return slot; // several rows can share an inode (subflows of MPTCP)
    this.#seen++;
    if (slot >= 0) {
      if (!this.processes.records[slot]!.isAlive) this.#await(entry, generation - 1);
    } else if (slot === PENDING) {
      this.pending++;
      if (waitsSince(sockets.fdOf(entry)) < generation) this.overdue++;
    }
    return slot;
  }

  /** Forgets the sockets that this scrape did not show, and what their owners held them by. */
  dropUnseen(): void {
    if (this.#seen < this.sockets.length) {
      this.sockets.sweep(this.generation, (slot, fd) => {
        if (slot >= 0) this.processes.records[slot]!.held.set(fd, UNKNOWN);
      });
    }
    this.processes.removeDead(); // no entry refers to them any more
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
      this.#endWait(entry);
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
      this.isChanged = true;
    } else if (holder === PENDING) {
      if (hadOwner(this.sockets.fdOf(entry))) this.isChanged = true;
      this.#endWait(entry);
    } else this.isChanged = true;
    this.sockets.setOwner(entry, slot, fd);
    return true;
  }

  /** The owner on record does not hold it any more: look again. */
  #await(entry: number, since: number): void {
    this.sockets.setOwner(entry, PENDING, waitOf(since, true));
    this.pending++;
    if (since < this.generation) this.overdue++;
  }

  #endWait(entry: number): void {
    this.pending--;
    if (waitsSince(this.sockets.fdOf(entry)) < this.generation) this.overdue--;
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
