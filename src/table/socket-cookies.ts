/** Words of an entry: the row's number, and the two halves of its socket's cookie. */
export const COOKIE_WORDS = 3;
/** In the number of a row whose owner `settle` found by the same cookie before. */
export const IS_SETTLED = 1 << 30;
const INITIAL_WORDS = 256 * COOKIE_WORDS;
/** Cookies of the last settled scrape that are passed over, for each that there was. */
const LOOKS_PER_COOKIE = 2;

/**
 * Cookies of sockets that no process holds any more: numbers that the kernel gives each socket once, and that its TIME_WAIT socket
 * inherits. By them the owner is found that the kernel has forgotten.
 */
export class SocketCookies {
  /** Used words; entries are behind each other. */
  length = 0;
  words = new Int32Array(INITIAL_WORDS);
  /** Entries that are not `IS_SETTLED`. */
  unsettled = 0;
  /** Of the scrape that was settled last, in the same order. */
  #last = new Int32Array(INITIAL_WORDS);
  #lastLength = 0;
  #isSettled = false;
  /** The entry of `#last` that is expected next: mostly it is the one. */
  #next = 0;
  #looks = 0;

  /** `hadOwner`: while the row is at hand, and in no cache later. */
  note(row: number, hadOwner: boolean, low: number, high: number): void {
    if (this.length === this.words.length) {
      const larger = new Int32Array(this.words.length * 2);
      larger.set(this.words);
      this.words = larger;
    }
    const { words, length } = this;
    const isSettled = hadOwner && this.#wasSettled(low, high);
    if (!isSettled) this.unsettled++;
    words[length] = isSettled ? row | IS_SETTLED : row;
    words[length + 1] = low;
    words[length + 2] = high;
    this.length = length + COOKIE_WORDS;
  }

  /** The rows of all entries have what is known of them. */
  settle(): void {
    this.#isSettled = true;
  }

  /** Begins the next scrape. Keeps the memory unless it is far larger than what was needed. */
  clear(): void {
    let free = this.words;
    if (this.#isSettled) {
      free = this.#last;
      [this.#last, this.#lastLength] = [this.words, this.length];
    }
    this.words = free.length > Math.max(this.length, INITIAL_WORDS) * 8 ? new Int32Array(INITIAL_WORDS) : free;
    this.#isSettled = false;
    this.#next = 0;
    this.#looks = (this.#lastLength / COOKIE_WORDS) * LOOKS_PER_COOKIE;
    this.length = 0;
    this.unsettled = 0;
  }

  #wasSettled(low: number, high: number): boolean {
    const last = this.#last;
    for (let at = this.#next; at < this.#lastLength && this.#looks > 0; at += COOKIE_WORDS) {
      this.#looks--;
      if (last[at + 1] !== low || last[at + 2] !== high) continue;
      this.#next = at + COOKIE_WORDS;
      return true;
    }
    return false;
  }
}
