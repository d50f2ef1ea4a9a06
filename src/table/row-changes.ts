import { Flag, ROW_WORDS, setFlag, Word } from './socket-row.ts';

/** Some rows, where they stand in `words`. */
export interface Rows {
  readonly words: Int32Array;
  readonly length: number;
  /** Their numbers; undefined = the first `length` rows. */
  readonly numbers: Int32Array | undefined;
}

/** Where in `words` a row of the list begins. */
export function positionOf({ numbers }: Rows, index: number): number {
  return (numbers === undefined ? index : numbers[index]!) * ROW_WORDS;
}

/** Rows that fit into the processor's nearer caches. */
const CHUNK_ROWS = 1024;

/** The list in pieces: who goes through it several times had better do so piece by piece. */
export function* chunksOf({ words, length, numbers }: Rows): Generator<Rows> {
  for (let from = 0; from < length; from += CHUNK_ROWS) {
    const end = Math.min(length, from + CHUNK_ROWS);
    yield numbers === undefined
      ? { words: words.subarray(from * ROW_WORDS), length: end - from, numbers }
      : { words, length: end - from, numbers: numbers.subarray(from, end) };
  }
}

const INITIAL_ROWS = 256;
/** Lists that are this many times too long are given back. */
const SPARE_FACTOR = 8;

/**
 * How a table differs from the one that was counted last: rows that left it, as they were then, and rows that are new.
 * A row that got another content is in both lists.
 */
export class RowChanges {
  /** Every row is new to whoever counts, and what left is not told. */
  isFresh = true;
  #removed = new Int32Array(INITIAL_ROWS * ROW_WORDS);
  #removedLength = 0;
  #added = new Int32Array(INITIAL_ROWS);
  #addedLength = 0;

  get removedLength(): number {
    return this.#removedLength;
  }

  /** Rows that left, or got another content since (`Flag.replaced`). */
  get removed(): Rows {
    return { words: this.#removed, length: this.#removedLength, numbers: undefined };
  }

  /** Numbers of the rows that are new; not to be asked for when every row is. */
  get added(): { readonly numbers: Int32Array; readonly length: number } {
    return { numbers: this.#added, length: this.#addedLength };
  }

  /** Notes a row that leaves; `flags` are added to its copy. */
  remove(words: Int32Array, at: number, flags = 0): void {
    const to = this.#removedLength * ROW_WORDS;
    if (to === this.#removed.length) this.#removed = doubled(this.#removed);
    const removed = this.#removed;
    for (let word = 0; word < ROW_WORDS; word++) removed[to + word] = words[at + word]!;
    removed[to + Word.use]! |= flags;
    this.#removedLength++;
  }

  /** Notes a row that is new. */
  add(row: number, words: Int32Array): void {
    if (this.#addedLength === this.#added.length) this.#added = doubled(this.#added);
    this.#added[this.#addedLength++] = row;
    setFlag(words, row * ROW_WORDS, Flag.uncounted, true);
  }

  /** Forgets both lists. */
  clear(isFresh: boolean): void {
    const wanted = Math.max(this.#removedLength, this.#addedLength, INITIAL_ROWS);
    if (isFresh || this.#added.length > wanted * SPARE_FACTOR) this.#added = new Int32Array(INITIAL_ROWS);
    if (isFresh || this.#removed.length > wanted * SPARE_FACTOR * ROW_WORDS)
      this.#removed = new Int32Array(INITIAL_ROWS * ROW_WORDS);
    this.isFresh = isFresh;
    this.#removedLength = 0;
    this.#addedLength = 0;
  }
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
