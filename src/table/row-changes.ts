import { Flag, ROW_WORDS, type RowWords, Word } from './socket-row.ts';

/** Some of the rows in `words`. */
export interface Rows {
  readonly words: RowWords;
  readonly length: number;
  /** Numbers of the rows; undefined = the first `length` rows. */
  readonly numbers: Int32Array | undefined;
}

/** Where in `words` a row of the list begins. */
export function positionOf({ numbers }: Rows, index: number): number {
  return (numbers === undefined ? index : numbers[index]!) * ROW_WORDS;
}

/** The number of the row in its table. */
export function rowOf({ numbers }: Rows, index: number): number {
  return numbers === undefined ? index : numbers[index]!;
}

/** Rows that fit into the processor's inner caches. */
const CHUNK_ROWS = 1024;

/** The list in pieces: going through it several times is faster piece by piece. */
export function* chunksOf({ words, length, numbers }: Rows): Generator<Rows> {
  for (let from = 0; from < length; from += CHUNK_ROWS) {
    const end = Math.min(length, from + CHUNK_ROWS);
    yield numbers === undefined
      ? { words: words.subarray(from * ROW_WORDS), length: end - from, numbers }
      : { words, length: end - from, numbers: numbers.subarray(from, end) };
  }
}

const INITIAL_ROWS = 256;
/** Lists that are this many times too long are freed. */
const SPARE_FACTOR = 8;

/**
 * How a table differs from the one counted last: rows that left, with their old content, and new rows. A row whose
 * content changed is in both lists.
 */
export class RowChanges {
  /** No previous scrape to compare with: every row is new, `removed` is empty. */
  isFullRecount = true;
  #removed = new Int32Array(INITIAL_ROWS * ROW_WORDS);
  #removedLength = 0;
  #added = new Int32Array(INITIAL_ROWS);
  #addedLength = 0;

  get removedLength(): number {
    return this.#removedLength;
  }

  /** Rows that left, or whose content changed (`Flag.replaced`). */
  get removed(): Rows {
    return { words: this.#removed, length: this.#removedLength, numbers: undefined };
  }

  /** Numbers of the new rows; only valid if not every row is new. */
  get added(): { readonly numbers: Int32Array; readonly length: number } {
    return { numbers: this.#added, length: this.#addedLength };
  }

  /** Notes a row that leaves; adds `flags` to its copy. */
  remove(words: Int32Array, at: number, flags = 0): void {
    const to = this.#removedLength * ROW_WORDS;
    if (to === this.#removed.length) this.#removed = doubled(this.#removed);
    const removed = this.#removed;
    for (let word = 0; word < ROW_WORDS; word++) removed[to + word] = words[at + word]!;
    removed[to + Word.use]! |= flags;
    this.#removedLength++;
  }

  /** Notes a new row. */
  add(row: number, words: Int32Array): void {
    if (this.#addedLength === this.#added.length) this.#added = doubled(this.#added);
    this.#added[this.#addedLength++] = row;
    words[row * ROW_WORDS + Word.use]! |= Flag.uncounted;
  }

  /** Forgets both lists. */
  clear(isFullRecount: boolean): void {
    const wanted = Math.max(this.#removedLength, this.#addedLength, INITIAL_ROWS);
    if (isFullRecount || this.#added.length > wanted * SPARE_FACTOR) this.#added = new Int32Array(INITIAL_ROWS);
    if (isFullRecount || this.#removed.length > wanted * SPARE_FACTOR * ROW_WORDS)
      this.#removed = new Int32Array(INITIAL_ROWS * ROW_WORDS);
    this.isFullRecount = isFullRecount;
    this.#removedLength = 0;
    this.#addedLength = 0;
  }
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
