import { TcpState } from '../model/tcp-state.ts';
import { AddressTable } from './address-table.ts';
import { createGroupTable, type GroupTable } from './group-table.ts';
import { NameTable } from './name-table.ts';
import { RowChanges, type Rows } from './row-changes.ts';
import { Flag, hasFlag, ROW_WORDS, type RowContents, readRow, setFlag, stateOf, Word } from './socket-row.ts';

/** Accept queue of one LISTEN row. */
export interface ListenQueue {
  readonly row: number;
  /** Connections that wait for accept(). */
  readonly length: number;
  /** Most that may wait; undefined where the source does not tell. */
  readonly limit: number | undefined;
}

const INITIAL_ROWS = 1024;
/** Scrapes in a row that must need less than a quarter of the memory before it is given back. */
const SHRINK_AFTER = 2;
/** Rows of the last scrape are moved up by one for this many of them, and by no fewer than these, when a new row needs room. */
const ROWS_PER_GAP = 16;
const LEAST_GAP = 256;
/** Names of processes, or groups, after which all of them are forgotten: most are of processes that ended. */
const MOST_NAMES = 20_000;
/** Addresses of a row: its own and its peer's, and the network that the peer is counted under, which is never released. */
const MOST_ADDRESSES_PER_ROW = 4;

/**
 * The sockets of one scrape, a row of words each (`socket-row.ts`), in the order in which the OS tells them. What does not
 * change from scrape to scrape stays where it is: a reader that compares says of each socket whether it is a row of the last
 * scrape (`keep`) or a new one (`append`), and `changes` has the difference.
 */
export class SocketTable {
  words = new Int32Array(INITIAL_ROWS * ROW_WORDS);
  /** Rows of this scrape: 0 … length − 1. */
  length = 0;
  /** Rows of the last scrape that were neither kept nor passed over yet: `next` … `end` − 1. */
  next = 0;
  end = 0;
  /** Whether the next scrape may be compared with these rows; whoever fills the table, or fails to, may say no. */
  isComparable = true;
  readonly changes = new RowChanges();
  readonly addresses = new AddressTable();
  readonly processNames = new NameTable();
  readonly groups: GroupTable = createGroupTable();
  /** Numbers of the LISTEN rows, and the accept queues of those that have one. */
  readonly listeners: number[] = [];
  readonly listenQueues: ListenQueue[] = [];
  /** Number of CLOSE_WAIT rows, rows of the last scrape that are still to come included. */
  closeWaiting = 0;
  /** Times that memory was given back, or taken. */
  resizes = 0;
  #isCommitted = false;
  #smallScrapes = 0;

  get capacity(): number {
    return this.words.length / ROW_WORDS;
  }

  /** One row as an object: not for loops over all of them. */
  rowAt(row: number): RowContents {
    return readRow(this.words, row * ROW_WORDS);
  }

  /** Rows that are new since the last `commit`. */
  get added(): Rows {
    const { isFresh, added } = this.changes;
    return isFresh
      ? { words: this.words, length: this.length, numbers: undefined }
      : { words: this.words, length: added.length, numbers: added.numbers };
  }

  /** Empties the table for the next scrape, which will not be compared with this one. */
  reset(): void {
    this.#shrinkWhenIdle();
    this.#empty();
  }

  #empty(): void {
    this.addresses.reset(this.length);
    this.processNames.reset();
    this.groups.reset();
    this.changes.clear(true);
    this.closeWaiting = 0;
    this.#begin(0);
  }

  /** Begins the next scrape of a reader that compares its rows with the last ones. */
  turn(): void {
    const hasManyNames = this.processNames.length > MOST_NAMES || this.groups.length > MOST_NAMES;
    const hasManyAddresses = this.addresses.used > (this.length + INITIAL_ROWS) * MOST_ADDRESSES_PER_ROW;
    const isShrunk = this.#shrinkWhenIdle();
    if (isShrunk || hasManyNames || hasManyAddresses || !this.#isCommitted || !this.isComparable) this.#empty();
    else this.#begin(this.length);
  }

  #begin(end: number): void {
    this.length = 0;
    this.next = 0;
    this.end = end;
    this.isComparable = true;
    this.#isCommitted = false;
    this.listeners.length = 0;
    this.listenQueues.length = 0;
  }

  /**
   * Appends a new row and returns its number. Addresses are ids that were interned for it; `use` is made by `packUse`.
   * Its process is not known yet.
   */
  append(
    ports: number,
    remoteWord: number,
    owner: number,
    localAddress: number,
    remoteAddress: number,
    use: number,
    milliseconds = 0,
  ): number {
    if (this.length === (this.next < this.end ? this.next : this.capacity)) this.#makeRoom();
    const row = this.length++;
    const { words } = this;
    const at = row * ROW_WORDS;
    words[at + Word.ports] = ports;
    words[at + Word.remoteWord] = remoteWord;
    words[at + Word.owner] = owner;
    words[at + Word.localAddress] = localAddress;
    words[at + Word.remoteAddress] = remoteAddress;
    words[at + Word.use] = use;
    words[at + Word.process] = 0;
    words[at + Word.milliseconds] = milliseconds;
    if (!this.changes.isFresh) this.changes.add(row, words);
    const state = stateOf(words, at);
    if (state === TcpState.listen) this.listeners.push(row);
    else if (state === TcpState.closeWait) this.closeWaiting++;
    return row;
  }

  /** A row of the last scrape, `next` or behind, is still there; those in between are gone. Returns its new number. */
  keep(old: number): number {
    if (old > this.next) this.#drop(this.next, old);
    this.next = old + 1;
    const row = this.length++;
    const { words } = this;
    const at = row * ROW_WORDS;
    if (row !== old) {
      const from = old * ROW_WORDS;
      words[at] = words[from]!;
      words[at + 1] = words[from + 1]!;
      words[at + 2] = words[from + 2]!;
      words[at + 3] = words[from + 3]!;
      words[at + 4] = words[from + 4]!;
      words[at + 5] = words[from + 5]!;
      words[at + 6] = words[from + 6]!;
      words[at + 7] = words[from + 7]!;
    }
    if (stateOf(words, at) === TcpState.listen) this.listeners.push(row);
    return row;
  }

  /** All rows of this scrape are there: what is left of the last one is gone. */
  finish(): void {
    this.#drop(this.next, this.end);
    this.next = this.end;
  }

  /** To be called before a row gets another content: what it was counted under is noted. */
  touch(row: number): void {
    const { changes, words } = this;
    const at = row * ROW_WORDS;
    if (changes.isFresh || hasFlag(words, at, Flag.uncounted)) return;
    changes.remove(words, at, Flag.replaced);
    changes.add(row, words);
  }

  /** Have every row counted anew. */
  recount(): void {
    if (this.changes.isFresh) return;
    this.#settle();
    this.changes.clear(true);
  }

  /** The rows are counted: the next scrape may be compared with them. */
  commit(): void {
    this.#settle();
    this.addresses.forgetUnused();
    this.changes.clear(false);
    this.#isCommitted = true;
  }

  /** Rows `from` … `end` − 1 of the last scrape are gone. When most are, keeping a list of them is not worth it. */
  #drop(from: number, end: number): void {
    const { changes, words } = this;
    for (let row = from; row < end; row++) {
      if (stateOf(words, row * ROW_WORDS) === TcpState.closeWait) this.closeWaiting--;
      if (changes.isFresh) this.#release(words, row * ROW_WORDS);
      else changes.remove(words, row * ROW_WORDS);
    }
    if (!changes.isFresh && changes.removedLength > INITIAL_ROWS + (this.end >> 1)) this.recount();
  }

  /** What the lists of changes hold back may go. */
  #settle(): void {
    const { removed, added } = this.changes;
    for (let at = 0; at < removed.length * ROW_WORDS; at += ROW_WORDS) {
      if (!hasFlag(removed.words, at, Flag.replaced)) this.#release(removed.words, at);
    }
    for (let index = 0; index < added.length; index++)
      setFlag(this.words, added.numbers[index]! * ROW_WORDS, Flag.uncounted, false);
  }

  #release(words: Int32Array, at: number): void {
    this.addresses.release(words[at + Word.localAddress]!);
    this.addresses.release(words[at + Word.remoteAddress]!);
  }

  /** Makes a gap in front of the rows of the last scrape that are still to come. */
  #makeRoom(): void {
    const { words, length, next, end, capacity } = this;
    const unread = end - next;
    const gap = Math.max(LEAST_GAP, Math.ceil((length + unread) / ROWS_PER_GAP));
    const from = length + gap;
    if (from + unread <= capacity) words.copyWithin(from * ROW_WORDS, next * ROW_WORDS, end * ROW_WORDS);
    else {
      const larger = new Int32Array((from + unread + (capacity >> 1)) * ROW_WORDS);
      larger.set(words.subarray(0, length * ROW_WORDS));
      larger.set(words.subarray(next * ROW_WORDS, end * ROW_WORDS), from * ROW_WORDS);
      this.words = larger;
      this.resizes++;
    }
    this.next = from;
    this.end = from + unread;
  }

  /** Whether memory was given back, and the rows with it. */
  #shrinkWhenIdle(): boolean {
    const isSmall = this.capacity > INITIAL_ROWS && this.length * 4 < this.capacity;
    this.#smallScrapes = isSmall ? this.#smallScrapes + 1 : 0;
    if (this.#smallScrapes < SHRINK_AFTER) return false;
    this.#smallScrapes = 0;
    this.resizes++;
    this.words = new Int32Array(Math.max(INITIAL_ROWS, this.length * 2) * ROW_WORDS);
    return true;
  }
}
