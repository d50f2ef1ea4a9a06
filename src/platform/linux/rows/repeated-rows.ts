import { IDENTITY_MASK, ROW_WORDS, Word } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';

/** Most rows of the last dump to skip: after a row that was found, and after many that were not. */
const FIRST_WINDOW = 8;
const LARGEST_WINDOW = 8192;
/** Rows skipped per new row, on average: if hardly any row is found again, the search must stay cheap. */
const LOOKS_PER_ROW = 32;
const MOST_CREDIT = 4 * LARGEST_WINDOW;

/**
 * Finds the rows that a dump shares with the last one. The kernel walks its hash tables in the same order each time, so
 * sockets that remain come in the order in which they came before: mostly the next row is the one.
 */
export class RepeatedRows {
  /** One in so many sockets is read, chosen by its ports and its peer; the others are left out. */
  oneIn = 1;
  #window = FIRST_WINDOW;
  #credit = MOST_CREDIT;

  /** Starts a dump. */
  begin(): void {
    this.#window = FIRST_WINDOW;
    this.#credit = MOST_CREDIT;
  }

  leavesOut(ports: number, remoteWord: number): boolean {
    return this.oneIn !== 1 && (Math.imul(ports ^ remoteWord, 0x9e3779b1) >>> 8) % this.oneIn !== 0;
  }

  /** Keeps the next row of the last dump if it is this socket, an IPv4 connection that is bound to no interface. Returns its number, −1 if it is not. */
  keepNext(
    table: SocketTable,
    ports: number,
    remoteWord: number,
    owner: number,
    use: number,
    localWord: number,
  ): number {
    const { words, next, end, addresses } = table;
    const at = next * ROW_WORDS;
    if (
      next >= end ||
      words[at + Word.remoteWord] !== remoteWord ||
      words[at + Word.owner] !== owner ||
      words[at + Word.ports] !== ports ||
      ((words[at + Word.use]! ^ use) & IDENTITY_MASK) !== 0 ||
      addresses.word(words[at + Word.localAddress]!, 3) !== localWord ||
      addresses.hasScopes ||
      this.oneIn !== 1
    )
      return -1;
    this.#window = FIRST_WINDOW;
    return table.keep(next);
  }

  /**
   * The row of the last dump that may be this socket: its identity words equal these, and its local address ends with
   * `localWord`; −1 if none is found. For IPv6 the caller compares the remaining address words.
   */
  find(
    { words, next, end, addresses }: SocketTable,
    ports: number,
    remoteWord: number,
    owner: number,
    use: number,
    localWord: number,
  ): number {
    const last = Math.min(end, next + Math.min(this.#window, this.#credit));
    for (let row = next; row < last; row++) {
      const at = row * ROW_WORDS;
      if (
        words[at + Word.remoteWord] !== remoteWord ||
        words[at + Word.owner] !== owner ||
        words[at + Word.ports] !== ports ||
        ((words[at + Word.use]! ^ use) & IDENTITY_MASK) !== 0 ||
        addresses.word(words[at + Word.localAddress]!, 3) !== localWord
      )
        continue;
      this.#credit -= row - next;
      this.#window = FIRST_WINDOW;
      return row;
    }
    this.#credit = Math.min(this.#credit - (last - next) + LOOKS_PER_ROW, MOST_CREDIT);
    this.#window = Math.min(this.#window * 2, LARGEST_WINDOW);
    return -1;
  }
}
