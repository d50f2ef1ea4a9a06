import { TcpState } from '../model/tcp-state.ts';
import { AddressTable } from './address-table.ts';
import { RowChanges, type Rows } from './row-changes.ts';
import {
  Flag,
  hasFlag,
  type Reason,
  ROW_WORDS,
  type RowContents,
  type RowWords,
  readRow,
  stateOf,
  Word,
  withFlag,
  withGroup,
  withReason,
} from './socket-row.ts';

export const INITIAL_ROWS = 1024;
/**
 * If a new row needs room, the rows of the last scrape move up by one per this many of them, and by at least this many.
 */
const ROWS_PER_GAP = 16;
const LEAST_GAP = 256;

/**
 * Rows of words (`socket-row.ts`), in the order of the OS, and the only code that writes them. Every writer saves the
 * old row first, so that `changes` has what the tallies must subtract. The life of a row: README.md.
 */
export class SocketRows {
  protected store = new Int32Array(INITIAL_ROWS * ROW_WORDS);
  /** Rows of this scrape: 0 … length − 1. */
  length = 0;
  /** Rows of the last scrape that were neither kept nor skipped yet: `next` … `end` − 1. */
  next = 0;
  end = 0;
  readonly changes = new RowChanges();
  readonly addresses = new AddressTable();
  /** Numbers of the LISTEN rows. */
  readonly listeners: number[] = [];
  /** Number of CLOSE_WAIT rows, including rows of the last scrape that are still to come. */
  closeWaiting = 0;
  /** How often memory was freed or allocated. */
  resizes = 0;

  /** A new array whenever a row is appended: do not keep it across `append`. */
  get words(): RowWords {
    return this.store;
  }

  get capacity(): number {
    return this.store.length / ROW_WORDS;
  }

  /** One row as an object; not for loops over all rows. */
  rowAt(row: number): RowContents {
    return readRow(this.store, row * ROW_WORDS);
  }

  /** Rows that are new since the last `commit`. */
  get added(): Rows {
    const { isFullRecount, added } = this.changes;
    return isFullRecount ? this.all : { words: this.store, length: added.length, numbers: added.numbers };
  }

  get all(): Rows {
    return { words: this.store, length: this.length, numbers: undefined };
  }

  /**
   * Appends a new row and returns its number. Addresses are ids that were interned for it; `packUse` makes `use`. Its
   * process is unknown.
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
    const words = this.store;
    const at = row * ROW_WORDS;
    words[at + Word.ports] = ports;
    words[at + Word.remoteWord] = remoteWord;
    words[at + Word.owner] = owner;
    words[at + Word.localAddress] = localAddress;
    words[at + Word.remoteAddress] = remoteAddress;
    words[at + Word.use] = use;
    words[at + Word.process] = 0;
    words[at + Word.milliseconds] = milliseconds;
    if (!this.changes.isFullRecount) this.changes.add(row, words);
    const state = stateOf(words, at);
    if (state === TcpState.listen) this.listeners.push(row);
    else if (state === TcpState.closeWait) this.closeWaiting++;
    return row;
  }

  /**
   * A row of the last scrape, `next` or a later one, is still there; those in between are gone. Returns its new number.
   */
  keep(old: number): number {
    if (old > this.next) this.#drop(this.next, old);
    this.next = old + 1;
    const row = this.length++;
    const words = this.store;
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

  /** All rows of this scrape are there: the remaining ones of the last scrape are gone. */
  finish(): void {
    this.#drop(this.next, this.end);
    this.next = this.end;
  }

  /** Sets the row's process, or why it has none; and its group, unless that stays. */
  setOwner(row: number, process: number, reason: Reason, group?: number): void {
    const at = row * ROW_WORDS;
    const use = this.store[at + Word.use]!;
    const told = withReason(group === undefined ? use : withGroup(use, group), reason);
    if (this.store[at + Word.process] === process && told === use) return;
    this.touch(row);
    this.store[at + Word.process] = process;
    this.#writeUse(at, told);
  }

  /** Sets the group that the row counts for, and whether it is inherited from the listener. */
  setGroup(row: number, group: number, isInherited = false): void {
    const at = row * ROW_WORDS;
    const use = this.store[at + Word.use]!;
    this.#changeUse(row, withFlag(withGroup(use, group), Flag.inheritedGroup, isInherited), use);
  }

  /** `flag`: one of those that rows are counted by. */
  mark(row: number, flag: number, isSet: boolean): void {
    const use = this.store[row * ROW_WORDS + Word.use]!;
    this.#changeUse(row, withFlag(use, flag, isSet), use);
  }

  /**
   * What no row is counted by: time left in TIME_WAIT, whether it restarted, whether the connection used TCP timestamps; time in
   * CLOSE_WAIT.
   */
  setTime(row: number, milliseconds: number, isRenewed = false, hasTimestamps = false): void {
    const at = row * ROW_WORDS;
    this.store[at + Word.milliseconds] = milliseconds;
    const use = withFlag(this.store[at + Word.use]!, Flag.timestamps, hasTimestamps);
    this.store[at + Word.use] = isRenewed ? use | Flag.renewed : use;
  }

  clearRenewed(row: number): void {
    this.store[row * ROW_WORDS + Word.use]! &= ~Flag.renewed;
  }

  /** Has the row recounted, because its class or its name changed. Writers call it by themselves. */
  touch(row: number): void {
    const { changes, store } = this;
    const at = row * ROW_WORDS;
    if (changes.isFullRecount || hasFlag(store, at, Flag.uncounted)) return;
    changes.remove(store, at, Flag.replaced);
    changes.add(row, store);
  }

  /** Has every row recounted. */
  recount(): void {
    if (this.changes.isFullRecount) return;
    this.settle();
    this.changes.clear(true);
  }

  /** Frees what the lists of changes kept. */
  protected settle(): void {
    const { removed, added } = this.changes;
    for (let at = 0; at < removed.length * ROW_WORDS; at += ROW_WORDS) {
      if (!hasFlag(removed.words, at, Flag.replaced)) this.#release(removed.words, at);
    }
    for (let index = 0; index < added.length; index++) {
      this.store[added.numbers[index]! * ROW_WORDS + Word.use]! &= ~Flag.uncounted;
    }
  }

  #changeUse(row: number, next: number, use: number): void {
    if (next === use) return;
    this.touch(row);
    this.#writeUse(row * ROW_WORDS, next);
  }

  /** `touch` may have set `Flag.uncounted` since `use` was read. */
  #writeUse(at: number, use: number): void {
    this.store[at + Word.use] = use | (this.store[at + Word.use]! & Flag.uncounted);
  }

  /** Rows `from` … `end` − 1 of the last scrape are gone. If most are, a list of them is not worth it. */
  #drop(from: number, end: number): void {
    const { changes, store } = this;
    for (let row = from; row < end; row++) {
      if (stateOf(store, row * ROW_WORDS) === TcpState.closeWait) this.closeWaiting--;
      if (changes.isFullRecount) this.#release(store, row * ROW_WORDS);
      else changes.remove(store, row * ROW_WORDS);
    }
    if (!changes.isFullRecount && changes.removedLength > INITIAL_ROWS + (this.end >> 1)) this.recount();
  }

  #release(words: RowWords, at: number): void {
    this.addresses.release(words[at + Word.localAddress]!);
    this.addresses.release(words[at + Word.remoteAddress]!);
  }

  /** Makes a gap before the rows of the last scrape that are still to come. */
  #makeRoom(): void {
    const { store, length, next, end, capacity } = this;
    const unread = end - next;
    const gap = Math.max(LEAST_GAP, Math.ceil((length + unread) / ROWS_PER_GAP));
    const from = length + gap;
    if (from + unread <= capacity) store.copyWithin(from * ROW_WORDS, next * ROW_WORDS, end * ROW_WORDS);
    else {
      const larger = new Int32Array((from + unread + (capacity >> 1)) * ROW_WORDS);
      larger.set(store.subarray(0, length * ROW_WORDS));
      larger.set(store.subarray(next * ROW_WORDS, end * ROW_WORDS), from * ROW_WORDS);
      this.store = larger;
      this.resizes++;
    }
    this.next = from;
    this.end = from + unread;
  }
}
