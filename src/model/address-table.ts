import { type AddressWords, compareWords, isIpv4, V4_MAPPED_WORD } from './ip-address.ts';

const INITIAL_SLOTS = 1024;

/**
 * Distinct addresses of one scrape, each under a small id (0, 1, 2 … in order of first sight). Rows keep ids, so
 * that counting by address compares integers. Ids hold until `reset`. No object is made per address. IPv4 addresses have
 * an index of their own, whose slots hold the whole address: one memory access each.
 */
export class AddressTable {
  /** Number of distinct addresses. */
  length = 0;
  /** Four words per id. */
  #words = new Int32Array(INITIAL_SLOTS * 2);
  /** IPv4: the last word and id + 1 per slot; 0 = free. */
  #v4Slots = new Int32Array(INITIAL_SLOTS * 2);
  #v4Mask = INITIAL_SLOTS - 1;
  #v4Length = 0;
  /** All others: id + 1 per slot; 0 = free. */
  #v6Slots = new Int32Array(INITIAL_SLOTS);
  #v6Mask = INITIAL_SLOTS - 1;
  #v6Length = 0;

  /** The id of an address, given in the words of `ip-address.ts`; a new one when it was not seen since `reset`. */
  intern(w0: number, w1: number, w2: number, w3: number): number {
    if (isIpv4(w0, w1, w2)) return this.internIpv4(w3);
    const slots = this.#v6Slots;
    const words = this.#words;
    let slot = hashWords(w0, w1, w2, w3) & this.#v6Mask;
    for (;;) {
      const id = slots[slot]! - 1;
      if (id < 0) break;
      const at = id * 4;
      if (words[at + 3] === w3 && words[at + 2] === w2 && words[at + 1] === w1 && words[at] === w0) return id;
      slot = (slot + 1) & this.#v6Mask;
    }
    const id = this.#append(w0, w1, w2, w3);
    slots[slot] = id + 1;
    if (++this.#v6Length * 2 > slots.length) this.#growV6();
    return id;
  }

  /** The same for the IPv4 address in a v4-mapped address's last word. */
  internIpv4(w3: number): number {
    const slots = this.#v4Slots;
    let slot = hashWord(w3) & this.#v4Mask;
    for (;;) {
      const id = slots[slot * 2 + 1]! - 1;
      if (id < 0) break;
      if (slots[slot * 2] === w3) return id;
      slot = (slot + 1) & this.#v4Mask;
    }
    const id = this.#append(0, 0, V4_MAPPED_WORD, w3);
    slots[slot * 2] = w3;
    slots[slot * 2 + 1] = id + 1;
    if (++this.#v4Length * 4 > slots.length) this.#growV4();
    return id;
  }

  /** The id of an address seen since `reset`, −1 for any other. */
  find(words: AddressWords): number {
    const [w0, w1, w2, w3] = words;
    const isV4 = isIpv4(w0, w1, w2);
    const mask = isV4 ? this.#v4Mask : this.#v6Mask;
    let slot = (isV4 ? hashWord(w3) : hashWords(w0, w1, w2, w3)) & mask;
    for (;;) {
      const id = (isV4 ? this.#v4Slots[slot * 2 + 1]! : this.#v6Slots[slot]!) - 1;
      if (id < 0 || words.every((word, index) => this.#words[id * 4 + index] === word)) return id;
      slot = (slot + 1) & mask;
    }
  }

  /** The words of an id below `length`. */
  wordsOf(id: number): AddressWords {
    return [this.word(id, 0), this.word(id, 1), this.word(id, 2), this.word(id, 3)];
  }

  /** One word of an id's address, for loops that must not make an object. */
  word(id: number, index: 0 | 1 | 2 | 3): number {
    return this.#words[id * 4 + index]!;
  }

  /** Whether an id's address is IPv4. */
  isIpv4(id: number): boolean {
    return isIpv4(this.word(id, 0), this.word(id, 1), this.word(id, 2));
  }

  /** Orders two ids by the addresses' bytes without making an object. */
  compare(left: number, right: number): number {
    const words = this.#words;
    for (let index = 0; index < 4; index++) {
      const order = compareWords(words[left * 4 + index]!, words[right * 4 + index]!);
      if (order !== 0) return order;
    }
    return 0;
  }

  /** Forgets every address; about `expected` come next. Memory is kept unless it is far larger than these need. */
  reset(expected = this.length): void {
    if (this.#words.length > Math.max(INITIAL_SLOTS * 2, expected * 64)) {
      this.#words = new Int32Array(INITIAL_SLOTS * 2);
      this.#v4Slots = new Int32Array(INITIAL_SLOTS * 2);
      this.#v6Slots = new Int32Array(INITIAL_SLOTS);
      this.#v4Mask = INITIAL_SLOTS - 1;
      this.#v6Mask = INITIAL_SLOTS - 1;
    } else {
      if (this.#v4Length > 0) this.#v4Slots.fill(0);
      if (this.#v6Length > 0) this.#v6Slots.fill(0);
    }
    this.length = 0;
    this.#v4Length = 0;
    this.#v6Length = 0;
  }

  #append(w0: number, w1: number, w2: number, w3: number): number {
    const at = this.length * 4;
    if (at === this.#words.length) this.#words = grown(this.#words);
    this.#words[at] = w0;
    this.#words[at + 1] = w1;
    this.#words[at + 2] = w2;
    this.#words[at + 3] = w3;
    return this.length++;
  }

  #growV4(): void {
    const old = this.#v4Slots;
    const slots = new Int32Array(old.length * 2);
    this.#v4Slots = slots;
    this.#v4Mask = slots.length / 2 - 1;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] === 0) continue;
      let slot = hashWord(old[at]!) & this.#v4Mask;
      while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.#v4Mask;
      slots[slot * 2] = old[at]!;
      slots[slot * 2 + 1] = old[at + 1]!;
    }
  }

  #growV6(): void {
    const old = this.#v6Slots;
    const words = this.#words;
    const slots = new Int32Array(old.length * 2);
    this.#v6Slots = slots;
    this.#v6Mask = slots.length - 1;
    for (const value of old) {
      if (value === 0) continue;
      const at = (value - 1) * 4;
      let slot = hashWords(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!) & this.#v6Mask;
      while (slots[slot] !== 0) slot = (slot + 1) & this.#v6Mask;
      slots[slot] = value;
    }
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** The high bits are folded down because slots are taken from the low ones. */
function hashWord(word: number): number {
  const hash = Math.imul(word ^ (word >>> 16), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

function hashWords(w0: number, w1: number, w2: number, w3: number): number {
  let hash = Math.imul(w3, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ w2, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ w1, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16) ^ w0, 0x27d4eb2f);
  return hash ^ (hash >>> 15);
}
