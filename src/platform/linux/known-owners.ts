import { NOT_FOUND, OwnerTable, PENDING } from './owner-table.ts';
import { ProcessTable } from './process-table.ts';

const INIT_PID = 1;

/** A descriptor whose socket is gone: the next socket of that process is likely to have the same number. */
export interface FreedFd {
  readonly slot: number;
  readonly fd: number;
}

/** What is known of who holds which socket, and how many sockets nobody was found for yet. */
export class KnownOwners {
  readonly sockets = new OwnerTable();
  readonly processes = new ProcessTable();
  /** Number of PENDING sockets, and of those among them that were already pending in the scrape before. */
  pending = 0;
  overdue = 0;
  /** Number of sockets that belong to none of the processes, as far as a search of all told. */
  unfound = 0;
  /** Counts scrapes. */
  generation = 0;

  /** Starts a scrape: its sockets are noted next, then `dropUnseen` forgets the others. */
  begin(): void {
    this.generation++;
    this.overdue = 0;
  }

  /** Notes one socket of the scrape. */
  note(inode: number): void {
    const entry = this.sockets.find(inode);
    if (entry < 0) {
      this.sockets.add(inode, this.generation);
      this.pending++;
      return;
    }
    this.sockets.touch(entry, this.generation);
    const slot = this.sockets.processOf(entry);
    if (slot === PENDING) this.overdue++;
    else if (slot >= 0 && !this.processes.at(slot)?.isAlive) this.disown(entry);
  }

  /** The owner on record does not hold the socket any more: look again. */
  disown(entry: number): void {
    this.sockets.setOwner(entry, PENDING, this.generation);
    this.pending++;
  }

  /** A process was seen to hold a socket. Sockets of no interest (not in this scrape) are passed over. */
  claim(slot: number, fd: number, inode: number): void {
    const entry = this.sockets.find(inode);
    if (entry < 0) return;
    const holder = this.sockets.processOf(entry);
    if (holder >= 0 && !this.#isPreferred(slot, holder)) return;
    if (holder === PENDING) {
      this.pending--;
      if (this.sockets.fdOf(entry) < this.generation) this.overdue--;
    } else if (holder === NOT_FOUND) this.unfound--;
    this.sockets.setOwner(entry, slot, fd);
    const record = this.processes.at(slot)!;
    if (fd > record.highestFd) record.highestFd = fd;
  }

  /** Drops the sockets that this scrape did not show, and returns up to `most` of the descriptors they had. */
  dropUnseen(most: number): FreedFd[] {
    const freed: FreedFd[] = [];
    this.sockets.sweep(this.generation, (slot, fd) => {
      if (slot === PENDING) this.pending--;
      else if (slot === NOT_FOUND) this.unfound--;
      else if (freed.length < most) freed.push({ slot, fd });
    });
    return freed;
  }

  /** All processes were searched since `generation`: what is still pending from before it belongs to none of them. */
  giveUp(generation: number): void {
    this.sockets.visitSome(0, Number.POSITIVE_INFINITY, (entry) => {
      if (this.sockets.processOf(entry) !== PENDING || this.sockets.fdOf(entry) > generation) return;
      this.sockets.setOwner(entry, NOT_FOUND, 0);
      this.pending--;
      this.unfound++;
    });
    this.overdue = 0;
  }

  /**
   * Of several holders (fork, inheritance, descriptor passing) the oldest process counts, so that a listener shared by
   * prefork workers is its master's; init only where nobody else holds it, because it keeps what it activates.
   */
  #isPreferred(slot: number, holder: number): boolean {
    const candidate = this.processes.at(slot);
    const current = this.processes.at(holder);
    if (candidate === undefined || slot === holder) return false;
    if (current === undefined || !current.isAlive || current.pid === INIT_PID) return true;
    if (candidate.pid === INIT_PID) return false;
    return (candidate.startTime - current.startTime || candidate.pid - current.pid) < 0;
  }
}
