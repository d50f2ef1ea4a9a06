import type { SocketTable } from '../../model/socket-table.ts';

/** Rows of the last dump that are skipped at most: after a row that was repeated, and after many that were not. */
const FIRST_WINDOW = 8;
const LARGEST_WINDOW = 8192;
/** Rows skipped per row that is new, on average: where hardly any row is repeated, the search must not cost much. */
const LOOKS_PER_ROW = 32;
const MOST_CREDIT = 4 * LARGEST_WINDOW;

/**
 * Finds the rows that a dump has in common with the last one. The kernel walks its hash tables in the same order each
 * time, so that sockets which are still there come in the order in which they came before: mostly the next row is it.
 * What was interned for it once is copied then, and no hash table is touched.
 */
export class RepeatedRows {
  /** Where the next row is expected in `table.previous`. */
  #next = 0;
  #window = FIRST_WINDOW;
  #credit = MOST_CREDIT;

  /** Starts a dump. */
  begin(): void {
    this.#next = 0;
    this.#window = FIRST_WINDOW;
    this.#credit = MOST_CREDIT;
  }

  /**
   * The row of the last dump with the ports, state, owner and peer that a new row of the table has, and with a local
   * address that ends with `localWord`; −1 when it is not found. Of IPv6 addresses the caller compares the rest.
   */
  find({ columns, previous, previousLength, addresses }: SocketTable, row: number, localWord: number): number {
    const remoteWord = columns.remoteWord[row];
    const owner = columns.owner[row];
    const remotePort = columns.remotePort[row];
    const localPort = columns.localPort[row];
    const state = columns.state[row];
    const start = this.#next;
    const end = Math.min(previousLength, start + Math.min(this.#window, this.#credit));
    for (let old = start; old < end; old++) {
      if (
        previous.remoteWord[old] !== remoteWord ||
        previous.owner[old] !== owner ||
        previous.remotePort[old] !== remotePort ||
        previous.localPort[old] !== localPort ||
        previous.state[old] !== state ||
        previous.family[old] !== columns.family[row] ||
        addresses.word(previous.localAddress[old]!, 3) !== localWord
      )
        continue;
      this.#next = old + 1;
      if (old > start) this.#credit -= old - start;
      this.#window = FIRST_WINDOW;
      return old;
    }
    this.#credit = Math.min(this.#credit - (end - start) + LOOKS_PER_ROW, MOST_CREDIT);
    this.#window = Math.min(this.#window * 2, LARGEST_WINDOW);
    return -1;
  }
}
