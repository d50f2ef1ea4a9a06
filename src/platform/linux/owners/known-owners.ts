import { GONE, NOT_A_SOCKET, RING } from './fd-links.ts';
import { OTHER, RING_FD, UNKNOWN, YOUNG } from './held-fds.ts';
import { canKeep, ENDED, NO_ENTRY, NOT_FOUND, OwnerTable, PENDING } from './owner-table.ts';
import { type ProcessRecord, ProcessTable } from './process-table.ts';

/** They hold sockets only to pass them to what they start: PID 1, and systemd's instances for users. */
const INIT_PID = 1;
const INIT_NAME = 'systemd';

/** Why an entry waits: it had an owner before; or it counted as ended, and the next dump still has it. */
const HAD_OWNER = 1;
const SHOWN_AGAIN = 2;
const WHY_BITS = 2;

/**
 * Which process holds which socket, as far as known. Invariant: an entry names (process, descriptor) if and only if
 * that process's HeldFds have the entry's inode at that descriptor.
 */
export class KnownOwners {
  readonly sockets = new OwnerTable();
  readonly processes = new ProcessTable();
  /** Number of PENDING sockets; and of those that an earlier scrape did not find either, or that were passed on. */
  pending = 0;
  overdue = 0;
  /** Number of PENDING sockets that lost their owner in this scrape: most were closed, which the next dump will show. */
  lost = 0;
  /** Inodes of earlier sockets whose owner changed in this scrape; one may be there more than once. */
  readonly news: number[] = [];
  generation = 0; // counts scrapes
  /** Inodes of the ENDED sockets. */
  #ended: number[] = [];

  /** Number of PENDING sockets worth a search of processes that are not likely to hold them. */
  get sought(): number {
    return this.pending - this.lost;
  }

  /**
   * Starts a scrape. Then come calls to `note` for its new sockets and `release` for those that left. Or (`isFullRecount`)
   * `note` for all, then `dropUnseen` forgets the others.
   */
  begin(isFullRecount: boolean): void {
    this.generation++;
    this.overdue = this.pending;
    this.lost = 0;
    this.news.length = 0;
    this.sockets.shrink();
    if (isFullRecount) this.sockets.forgetRows();
  }

  /** Notes one row of the scrape. Returns its socket's entry, valid for this scrape, or NO_ENTRY. */
  note(inode: number): number {
    if (!canKeep(inode)) return NO_ENTRY;
    const entry = this.sockets.find(inode);
    if (entry >= 0) {
      this.sockets.addRow(entry);
      return entry;
    }
    const added = this.sockets.add(inode, waitOf(this.generation));
    this.pending++; // after the calls that may run out of memory: nothing would correct the number
    return added;
  }

  /** A row is gone; the socket is forgotten with its last row. */
  release(inode: number): void {
    if (!canKeep(inode)) return;
    const entry = this.sockets.find(inode);
    if (entry >= 0 && this.sockets.removeRow(entry)) this.#forget(entry);
  }

  /** Forgets the sockets that have no row. */
  dropUnseen(): void {
    this.sockets.forEachRowless((entry) => this.#forget(entry));
  }

  /**
   * Sockets that counted as ended but are in the next dump: the kernel finds them elsewhere, and they may have an
   * owner.
   */
  awaitShownAgain(): void {
    const ended = this.#ended;
    this.#ended = [];
    for (const inode of ended) {
      const entry = this.sockets.find(inode);
      if (entry >= 0 && this.ownerAt(entry) === ENDED) this.#await(entry, this.generation - 1, SHOWN_AGAIN);
    }
  }

  /** Sockets of ended processes now belong to other processes; forgets the ended ones. */
  dropDead(): void {
    const { processes, sockets } = this;
    for (const record of processes.records) {
      if (record === undefined || record.isAlive || record.held.sockets === 0) continue;
      const { held } = record;
      for (let fd = held.nextSeen(0, held.top); fd < held.top; fd = held.nextSeen(fd + 1, held.top)) {
        if (canKeep(held.get(fd))) this.#await(sockets.find(held.get(fd)), this.generation - 1, HAD_OWNER);
      }
    }
    processes.removeDead(); // no entry refers to them any more
  }

  /** The entry of a socket, or NO_ENTRY. */
  entryOf(inode: number): number {
    return canKeep(inode) ? this.sockets.find(inode) : NO_ENTRY;
  }

  /** The owner of an entry: the slot of its process, or PENDING, NOT_FOUND, ENDED. */
  ownerAt(entry: number): number {
    return entry < 0 ? PENDING : this.sockets.processOf(entry);
  }

  /** Whether a PENDING entry lost its owner in this scrape, that is after the dump. */
  lostOwnerThisScrape(entry: number): boolean {
    const wait = this.sockets.fdOf(entry);
    return isLost(wait, this.generation);
  }

  /** Records what a descriptor was seen to hold: an inode, NOT_A_SOCKET, RING or GONE. */
  observe(slot: number, fd: number, link: number): void {
    const { held } = this.processes.records[slot]!;
    const mark = held.get(fd);
    if (link === mark && canKeep(mark)) return;
    if (canKeep(mark)) this.#await(this.sockets.find(mark), this.generation, HAD_OWNER);
    if (mark === RING_FD && link !== RING) this.processes.endRing(slot, fd);
    if (link === GONE) held.set(fd, UNKNOWN);
    else if (link === NOT_A_SOCKET) held.set(fd, OTHER);
    else if (link === RING) held.set(fd, RING_FD);
    else held.set(fd, this.#markOf(slot, fd, link, mark));
  }

  /** Inodes of PENDING sockets with exactly one row, at most so many; without those that a dump showed again. */
  inodesToLookUp(most: number): Set<number> {
    const { sockets } = this;
    const inodes = new Set<number>();
    if (this.pending === 0) return inodes;
    sockets.forEach((entry) => {
      if (inodes.size === most || sockets.processOf(entry) !== PENDING || !sockets.hasOneRow(entry)) return;
      if ((sockets.fdOf(entry) & SHOWN_AGAIN) === 0) inodes.add(sockets.inodeOf(entry));
    });
    return inodes;
  }

  /** A PENDING socket has ended since the dump: no process holds it. If it lost its owner now, that had it until then. */
  end(inode: number): void {
    const entry = this.sockets.find(inode);
    if (this.lostOwnerThisScrape(entry)) return;
    if (this.#endWait(entry)) this.news.push(inode);
    this.sockets.setOwner(entry, ENDED, 0);
    this.#ended.push(inode);
  }

  /** A PENDING socket exists: an owner that lost it in this scrape has passed it on. */
  seek(inode: number): void {
    const entry = this.sockets.find(inode);
    if (!this.lostOwnerThisScrape(entry)) return;
    this.sockets.setOwner(entry, PENDING, waitOf(this.generation - 1, HAD_OWNER));
    this.lost--;
    this.overdue++;
  }

  /** All processes were searched since `generation`: none of them holds what has waited since then, or longer. */
  giveUp(generation: number): void {
    const { sockets } = this;
    sockets.forEach((entry) => {
      if (sockets.processOf(entry) !== PENDING) return;
      const wait = sockets.fdOf(entry);
      // the new holder of a socket that lost its owner during the search may be where the search had already been
      if (waitsSince(wait) + Number(hadOwner(wait)) > generation) return;
      if (this.#endWait(entry)) this.news.push(sockets.inodeOf(entry));
      sockets.setOwner(entry, NOT_FOUND, 0);
    });
  }

  #markOf(slot: number, fd: number, inode: number, mark: number): number {
    const entry = this.sockets.find(inode);
    if (entry < 0) return mark === YOUNG ? OTHER : YOUNG;
    return this.#claim(entry, slot, fd) ? inode : OTHER;
  }

  /** Whether the process, which was seen to hold the socket, is now its owner. */
  #claim(entry: number, slot: number, fd: number): boolean {
    const holder = this.sockets.processOf(entry);
    if (holder >= 0) {
      const current = this.processes.records[holder]!;
      const isSeen = current.isAlive && !this.processes.isClosed(current); // its earlier descriptors cannot be seen any more
      if (isSeen && !isPreferred(this.processes.records[slot]!, current)) return false;
      current.held.set(this.sockets.fdOf(entry), OTHER);
      this.news.push(this.sockets.inodeOf(entry));
    } else if (holder !== PENDING || this.#endWait(entry)) this.news.push(this.sockets.inodeOf(entry));
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

  /** The known owner is no longer right: search again. */
  #await(entry: number, since: number, why: number): void {
    this.sockets.setOwner(entry, PENDING, waitOf(since, why));
    this.pending++;
    this.news.push(this.sockets.inodeOf(entry));
    if (since < this.generation) this.overdue++;
    else this.lost++;
  }

  /** Returns whether that is news: not for a new socket, nor for one that `#await` reported. */
  #endWait(entry: number): boolean {
    const wait = this.sockets.fdOf(entry);
    this.pending--;
    if (isLost(wait, this.generation)) this.lost--;
    if (waitsSince(wait) === this.generation) return false;
    this.overdue--;
    return true;
  }
}

/** Replaces the descriptor of a PENDING entry: since which generation it waits, and why. */
function waitOf(since: number, why = 0): number {
  return (since << WHY_BITS) | why;
}

function waitsSince(wait: number): number {
  return wait >> WHY_BITS;
}

function hadOwner(wait: number): boolean {
  return (wait & HAD_OWNER) !== 0;
}

function isLost(wait: number, generation: number): boolean {
  return hadOwner(wait) && waitsSince(wait) === generation;
}

/**
 * Among several holders (fork, inheritance, descriptor passing) the oldest process counts, so that a listener shared by
 * prefork workers is its master's; init only if no other process holds it.
 */
function isPreferred(candidate: ProcessRecord, current: ProcessRecord): boolean {
  if (isInit(candidate) !== isInit(current)) return isInit(current);
  return (candidate.startTime - current.startTime || candidate.pid - current.pid) < 0;
}

function isInit({ pid, name }: ProcessRecord): boolean {
  return pid === INIT_PID || name === INIT_NAME;
}
