import { type AddressWords, compareWords, isIpv4 } from './ip-address.ts';

const INITIAL_SLOTS = 1024;

/**
 * Distinct addresses of one scrape, each under a small id (0, 1, 2 … in order of first sight). Rows keep ids, so
 * that counting by address compares integers. Ids hold until `reset`. No object is made per address.
 */
export class AddressTable {
  /** Number of distinct addresses. */
  length = 0;
  #words = new Int32Array(INITIAL_SLOTS * 2);
  #slots = new Int32Array(INITIAL_SLOTS).fill(-1);
  #mask = INITIAL_SLOTS - 1;

  /** The id of an address, given in the words of `ip-address.ts`; a new one when it was not seen since `reset`. */
  intern(w0: number, w1: number, w2: number, w3: number): number {
    const words = this.#words;
    let slot = hashWords(w0, w1, w2, w3) & this.#mask;
    for (;;) {
      const id = this.#slots[slot]!;
      if (id === -1) return this.#insert(slot, w0, w1, w2, w3);
      const at = id * 4;
      if (words[at + 3] === w3 && words[at + 2] === w2 && words[at + 1] === w1 && words[at] === w0) return id;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** The id of an address seen since `reset`, −1 for any other. */
  find(words: AddressWords): number {
    let slot = hashWords(...words) & this.#mask;
    for (;;) {
      const id = this.#slots[slot]!;
      if (id === -1 || this.#equals(id, words)) return id;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** The words of an id below `length`. */
  wordsOf(id: number): AddressWords {
    const at = id * 4;
    const words = this.#words;
    return [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!];
  }

  /** One word of an id's address, for loops that must not make an object. */
  word(id: number, index: 0 | 1 | 2 | 3): number {
    return this.#words[id * 4 + index]!;
  }

  /** Whether an id's address is IPv4. */
  isIpv4(id: number): boolean {
    return isIpv4(this.word(id, 0), this.word(id, 1), this.word(id, 2));
  }

  /** Orders two ids by the addresses' bytes, without making an object. */
  compare(left: number, right: number): number {
    const words = this.#words;
    for (let index = 0; index < 4; index++) {
      const order = compareWords(words[left * 4 + index]!, words[right * 4 + index]!);
      if (order !== 0) return order;
    }
    return 0;
  }

  /** Forgets every address. Memory is kept for the next scrape unless it is far larger than the last one needed. */
  reset(): void {
    const needed = Math.max(INITIAL_SLOTS, slotsFor(this.length));
    if (this.#slots.length > needed * 8) this.#allocate(needed);
    else this.#slots.fill(-1);
    this.length = 0;
  }

  #insert(slot: number, w0: number, w1: number, w2: number, w3: number): number {
    const id = this.length++;
    const at = id * 4;
    this.#words[at] = w0;
    this.#words[at + 1] = w1;
    this.#words[at + 2] = w2;
    this.#words[at + 3] = w3;
    this.#slots[slot] = id;
    if (this.length * 2 >= this.#slots.length) this.#grow(); // the words have room for half as many
    return id;
  }

  #equals(id: number, words: AddressWords): boolean {
    const at = id * 4;
    return words.every((word, index) => this.#words[at + index] === word);
  }

  #grow(): void {
    const words = this.#words;
    this.#allocate(this.#slots.length * 2);
    this.#words.set(words);
    for (let id = 0; id < this.length; id++) {
      const at = id * 4;
      let slot = hashWords(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!) & this.#mask;
      while (this.#slots[slot] !== -1) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = id;
    }
  }

  #allocate(slots: number): void {
    this.#slots = new Int32Array(slots).fill(-1);
    this.#words = new Int32Array(slots * 2);
    this.#mask = slots - 1;
  }
}

function slotsFor(addresses: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, addresses * 2 + 1)));
}

/** Mixes four words; the high bits are folded down because slots are taken from the low ones. */
function hashWords(w0: number, w1: number, w2: number, w3: number): number {
  let hash = Math.imul(w3, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ w2, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ w1, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16) ^ w0, 0x27d4eb2f);
  return hash ^ (hash >>> 15);
}
