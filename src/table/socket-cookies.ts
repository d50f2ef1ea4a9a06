/** Words of an entry: the row's number, and the two halves of its socket's cookie. */
export const COOKIE_WORDS = 3;
/** In the number of a row that had an owner by its cookie when it was read: while it is at hand, and in no cache later. */
export const HAD_OWNER = 1 << 30;
const INITIAL_ENTRIES = 256;

/**
 * Cookies of sockets that no process holds any more: numbers that the kernel gives each socket once, and that its TIME_WAIT socket
 * inherits. By them the owner is found that the kernel has forgotten.
 */
export class SocketCookies {
  /** Used words; entries are behind each other. */
  length = 0;
  words = new Int32Array(INITIAL_ENTRIES * COOKIE_WORDS);

  /** `row`: with `HAD_OWNER` or without. */
  note(row: number, low: number, high: number): void {
    if (this.length === this.words.length) {
      const larger = new Int32Array(this.words.length * 2);
      larger.set(this.words);
      this.words = larger;
    }
    const { words, length } = this;
    words[length] = row;
    words[length + 1] = low;
    words[length + 2] = high;
    this.length = length + COOKIE_WORDS;
  }

  /** Forgets all; keeps the memory unless it is far larger than what was needed. */
  clear(): void {
    if (this.words.length > Math.max(this.length, INITIAL_ENTRIES * COOKIE_WORDS) * 8)
      this.words = new Int32Array(INITIAL_ENTRIES * COOKIE_WORDS);
    this.length = 0;
  }
}
