import { IDENTITY_MASK, ROW_WORDS, Word } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';

/** Rows of the last dump that are skipped at most: after a row that was repeated, and after many that were not. */
const FIRST_WINDOW = 8;
const LARGEST_WINDOW = 8192;
/** Rows skipped per row that is new, on average: where hardly any row is repeated, the search must not cost much. */
const LOOKS_PER_ROW = 32;
const MOST_CREDIT = 4 * LARGEST_WINDOW;

/**
 * Finds the rows that a dump has in common with the last one. The kernel walks its hash tables in the same order each
 * time, so that sockets which are still there come in the order in which they came before: mostly the next row is it.
 */
export class RepeatedRows {
  #window = FIRST_WINDOW;
  #credit = MOST_CREDIT;

  /** Starts a dump. */
  begin(): void {
    this.#window = FIRST_WINDOW;
    this.#credit = MOST_CREDIT;
  }

  /**
   * The row of the last dump that is a socket with these words of a row, as far as its identity goes, and a local address
   * that ends with `localWord`; −1 when it is not found. Of IPv6 addresses the caller compares the rest.
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
