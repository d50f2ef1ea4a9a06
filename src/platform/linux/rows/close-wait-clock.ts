const INITIAL_ENTRIES = 256;
/** Words of an entry: the socket's cookie. */
const STRIDE = 2;

/**
 * When sockets began to wait, by their 64-bit cookie, which is unique since boot. Typed arrays, because there may be
 * many.
 */
class StartTimes {
  length = 0;
  #cookies = new Int32Array(INITIAL_ENTRIES * STRIDE);
  #startMs = new Float64Array(INITIAL_ENTRIES);
  /** Hash table with open addressing: entry + 1, or 0 if free. At most half full. */
  #slots = new Int32Array(INITIAL_ENTRIES * 2);

  find(low: number, high: number): number | undefined {
    const entry = this.#slots[this.#slotOf(low, high)]! - 1;
    return entry < 0 ? undefined : this.#startMs[entry]!;
  }

  add(low: number, high: number, startMs: number): void {
    const slot = this.#slotOf(low, high);
    if (this.#slots[slot] !== 0) return;
    if (this.length === this.#startMs.length) {
      this.#grow();
      this.add(low, high, startMs);
      return;
    }
    this.#cookies[this.length * STRIDE] = low;
    this.#cookies[this.length * STRIDE + 1] = high;
    this.#startMs[this.length] = startMs;
    this.#slots[slot] = ++this.length;
  }

  clear(): void {
    if (this.length * 8 < this.#startMs.length && this.#startMs.length > INITIAL_ENTRIES) {
      this.#allocate(this.#startMs.length / 2); // after a flood
      return;
    }
    if (this.length > 0) this.#slots.fill(0);
    this.length = 0;
  }

  #allocate(entries: number): void {
    this.length = 0;
    this.#cookies = new Int32Array(entries * STRIDE);
    this.#startMs = new Float64Array(entries);
    this.#slots = new Int32Array(entries * 2);
  }

  #slotOf(low: number, high: number): number {
    const mask = this.#slots.length - 1;
    let slot = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
    slot = (slot ^ (slot >>> 15)) & mask;
    for (;;) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0 || (this.#cookies[entry * STRIDE] === low && this.#cookies[entry * STRIDE + 1] === high))
        return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const [cookies, startMs] = [this.#cookies, this.#startMs];
    this.#allocate(startMs.length * 2);
    for (let entry = 0; entry < startMs.length; entry++)
      this.add(cookies[entry * STRIDE]!, cookies[entry * STRIDE + 1]!, startMs[entry]!);
  }
}

/**
 * How long sockets have been in CLOSE_WAIT. The kernel reports when the last ACK came, and a program with TCP
 * keep-alive causes one every few seconds (Go: 15), so the time since the first read of a socket counts too. A peer may
 * shut down its side and read on (rsync, proxies): as long as the program sends it data, nothing waits for `close()`.
 * Remembers the sockets of the last complete read.
 */
export class CloseWaitClock {
  #nowMs = 0;
  #last = new StartTimes();
  #next = new StartTimes();

  /** Begins a read, or restarts it. */
  begin(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#next.clear();
  }

  /** How many milliseconds a socket has waited, at least. `sinceAckMs`, `sinceSentMs`: what the kernel reports. */
  ageOf(cookieLow: number, cookieHigh: number, sinceAckMs: number, sinceSentMs: number): number {
    const known = this.#last.find(cookieLow, cookieHigh) ?? Number.POSITIVE_INFINITY;
    const startMs = Math.min(known, this.#nowMs - sinceAckMs);
    this.#next.add(cookieLow, cookieHigh, startMs);
    return Math.min(this.#nowMs - startMs, sinceSentMs);
  }

  /** The read is complete: forgets sockets that were not in it. */
  finish(): void {
    [this.#last, this.#next] = [this.#next, this.#last];
  }
}
