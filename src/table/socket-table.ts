import { createGroupTable, type GroupTable } from './group-table.ts';
import { NameTable } from './name-table.ts';
import type { SocketCookies } from './socket-cookies.ts';
import { Reason, ROW_WORDS, reasonOf } from './socket-row.ts';
import { INITIAL_ROWS, SocketRows } from './socket-rows.ts';

/** Accept queue of one LISTEN row. */
export interface ListenQueue {
  readonly row: number;
  /** Connections that wait for accept(). */
  readonly length: number;
  /** Most that may wait; undefined if the source does not say. */
  readonly limit: number | undefined;
}

/** After so many consecutive scrapes that need less than a quarter of the memory, it is freed. */
const SHRINK_AFTER = 2;
/** At this number of names, or groups, all are forgotten: most belong to ended processes. */
const MOST_NAMES = 20_000;
/** Addresses per row: its own, its peer's, and the network that its peer counts for, which stays. */
const MOST_ADDRESSES_PER_ROW = 4;

/**
 * The sockets of one scrape. What does not change from scrape to scrape stays where it is: a reader that compares
 * reports each socket as a row of the last scrape (`keep`) or as a new one (`append`), and `changes` holds the
 * difference.
 */
export class SocketTable extends SocketRows {
  /** Whether the next scrape may be compared with these rows; cleared if filling the table fails. */
  isComparable = true;
  readonly processNames = new NameTable();
  readonly groups: GroupTable = createGroupTable();
  /** Accept queues of the LISTEN rows that have one. */
  readonly listenQueues: ListenQueue[] = [];
  /** Whether TIME_WAIT rows tell if their connection used TCP timestamps (`Flag.timestamps`). */
  knowsTimestamps = false;
  /** Whether CLOSE_WAIT rows have their age. */
  knowsAges = false;
  /** Ports that no connect() gets, whatever its destination: 65,536 bytes, 1 = such a port. Undefined if the source does not say. */
  heldPorts: Uint8Array | undefined;
  /** Ranges of ports that programs set for their sockets (IP_LOCAL_PORT_RANGE), the last port in the high half; empty if the source does not say. */
  readonly portRanges = new Set<number>();
  /** Connections that LISTEN rows dropped, if the source says it, or the table was read for that. */
  readonly listenDrops: { readonly row: number; readonly drops: number }[] = [];
  /** Given where somebody knows sockets by their cookies: the reader notes those of rows that no process holds. */
  cookies: SocketCookies | undefined;
  /** Milliseconds since the read of the last scrape's rows. */
  elapsedMs = Number.POSITIVE_INFINITY;
  #isCommitted = false;
  #smallScrapes = 0;

  /** Empties the table for the next scrape, which will not be compared with this one. */
  reset(): void {
    this.#shrinkWhenIdle();
    this.#empty();
  }

  /** Begins the next scrape of a reader that compares its rows with the last ones. */
  turn(): void {
    const hasManyNames = this.processNames.length > MOST_NAMES || this.groups.length > MOST_NAMES;
    const hasManyAddresses = this.addresses.used > (this.length + INITIAL_ROWS) * MOST_ADDRESSES_PER_ROW;
    const isShrunk = this.#shrinkWhenIdle();
    if (isShrunk || hasManyNames || hasManyAddresses || !this.#isCommitted || !this.isComparable) this.#empty();
    else this.#begin(this.length);
  }

  /** Notes the cookie of a row that no process holds, where somebody wants it. */
  noteCookie(row: number, low: number, high: number): void {
    const hadOwner = reasonOf(this.words, row * ROW_WORDS) === Reason.witnessed;
    this.cookies?.note(row, hadOwner, low, high);
  }

  /** A failed search may have found some of the owners: all become unknown, and the next scrape starts over. */
  forgetOwners(): void {
    this.recount();
    this.isComparable = false;
    for (let row = 0; row < this.length; row++) this.setOwner(row, 0, Reason.none);
  }

  /** The rows are counted: the next scrape may be compared with them. */
  commit(): void {
    this.settle();
    this.addresses.forgetUnused();
    this.changes.clear(false);
    this.#isCommitted = true;
  }

  #empty(): void {
    this.addresses.reset(this.length);
    this.processNames.reset();
    this.groups.reset();
    this.changes.clear(true);
    this.closeWaiting = 0;
    this.#begin(0);
  }

  #begin(end: number): void {
    this.length = 0;
    this.next = 0;
    this.end = end;
    this.isComparable = true;
    this.#isCommitted = false;
    this.listeners.length = 0;
    this.listenQueues.length = 0;
    this.listenDrops.length = 0;
    this.knowsTimestamps = false;
    this.knowsAges = false;
    this.heldPorts = undefined;
    this.portRanges.clear();
    this.cookies?.clear();
  }

  /** Whether memory was freed, and the rows with it. */
  #shrinkWhenIdle(): boolean {
    const isSmall = this.capacity > INITIAL_ROWS && this.length * 4 < this.capacity;
    this.#smallScrapes = isSmall ? this.#smallScrapes + 1 : 0;
    if (this.#smallScrapes < SHRINK_AFTER) return false;
    this.#smallScrapes = 0;
    this.resizes++;
    this.store = new Int32Array(Math.max(INITIAL_ROWS, this.length * 2) * ROW_WORDS);
    return true;
  }
}

/** A table to count: its holder can neither write a row nor commit. */
export type CountedTable = Pick<
  SocketTable,
  | 'words'
  | 'length'
  | 'added'
  | 'all'
  | 'changes'
  | 'addresses'
  | 'processNames'
  | 'groups'
  | 'listeners'
  | 'closeWaiting'
  | 'listenQueues'
  | 'listenDrops'
  | 'heldPorts'
  | 'portRanges'
  | 'rowAt'
>;
