import { compareWords, formatAddress, isIpv4, type ScopedWords, V4_MAPPED_WORD } from '../model/ip-address.ts';

const INITIAL_ADDRESSES = 512;
const STRIDE = 5;
const USERS = 4;
const NONE = -1;
/** Unused addresses are forgotten once there are this many, and one per this many used ones. */
const FEW_UNUSED = 1024;
const USED_PER_UNUSED = 4;

/**
 * Distinct addresses, each with a small id, so that counting by address compares integers. The table counts the users
 * of an id: it is valid while it has one, and at least until the next `forgetUnused`. There is no object per address.
 */
export class AddressTable {
  /** All ids are below. */
  length = 0;
  /** Name of an interface by its index; the index itself if the name is unknown. */
  nameOfInterface: (index: number) => string = String;
  /** Per id: four words of address, and the number of users. */
  #words = new Int32Array(INITIAL_ADDRESSES * STRIDE);
  /** The network that an id counts for, NONE = not set yet. Allocated when first needed. */
  #networks: Int32Array<ArrayBuffer> | undefined;
  /** The interface of each id, 0 = none. Allocated for the first address with one: most hosts have none. */
  #scopes: Int32Array<ArrayBuffer> | undefined;
  /** Hash table with open addressing: id + 1, or 0 if free. At most half full. */
  #slots = new Int32Array(INITIAL_ADDRESSES * 2);
  #entered = 0;
  #unused = 0;
  #firstFree = NONE;

  /** Number of used addresses. */
  get used(): number {
    return this.#entered - this.#unused;
  }

  /**
   * The id of an address, given in the words of `ip-address.ts`, which gains one user. `scope`: index of the interface
   * that the address is bound to, 0 = none.
   */
  intern(w0: number, w1: number, w2: number, w3: number, scope = 0): number {
    const slots = this.#slots;
    const words = this.#words;
    const mask = slots.length - 1;
    let slot = hashWords(w0, w1, w2, w3) & mask;
    for (;;) {
      const id = slots[slot]! - 1;
      if (id < 0) break;
      const at = id * STRIDE;
      if (
        words[at + 3] === w3 &&
        words[at + 2] === w2 &&
        words[at + 1] === w1 &&
        words[at] === w0 &&
        this.scopeOf(id) === scope
      ) {
        if (words[at + USERS]!++ === 0) this.#unused--;
        return id;
      }
      slot = (slot + 1) & mask;
    }
    return this.#append(slot, w0, w1, w2, w3, scope);
  }

  /** The same for an IPv4 address, given as the last word of its v4-mapped form. */
  internIpv4(w3: number, scope = 0): number {
    return this.intern(0, 0, V4_MAPPED_WORD, w3, scope);
  }

  /** Removes one user. */
  release(id: number): void {
    if (--this.#words[id * STRIDE + USERS]! === 0) this.#unused++;
  }

  /** The id of an address that was interned and not forgotten, −1 for any other. */
  find([w0, w1, w2, w3, scope = 0]: ScopedWords): number {
    const mask = this.#slots.length - 1;
    let slot = hashWords(w0, w1, w2, w3) & mask;
    for (;;) {
      const id = this.#slots[slot]! - 1;
      if (id < 0 || this.#isAt(id, w0, w1, w2, w3, scope)) return id;
      slot = (slot + 1) & mask;
    }
  }

  /** The words of an id's address, and its scope if it has one. */
  wordsOf(id: number): ScopedWords {
    const scope = this.scopeOf(id);
    const words = [this.word(id, 0), this.word(id, 1), this.word(id, 2), this.word(id, 3)] as const;
    return scope === 0 ? words : [...words, scope];
  }

  /** Whether any address is, or was, bound to an interface. */
  get hasScopes(): boolean {
    return this.#scopes !== undefined;
  }

  /** Index of the interface that an id's address is bound to, 0 = none. */
  scopeOf(id: number): number {
    return this.#scopes === undefined ? 0 : this.#scopes[id]!;
  }

  /** The text of an id's address; if bound to an interface: `fe80::1%eth0` (RFC 4007 section 11). */
  textOf(id: number): string {
    const scope = this.scopeOf(id);
    const text = formatAddress(this.wordsOf(id));
    return scope === 0 ? text : `${text}%${this.nameOfInterface(scope)}`;
  }

  /** One word of an id's address, for loops that must not allocate. */
  word(id: number, index: 0 | 1 | 2 | 3): number {
    return this.#words[id * STRIDE + index]!;
  }

  /** Whether an id's address is IPv4. */
  isIpv4(id: number): boolean {
    return isIpv4(this.word(id, 0), this.word(id, 1), this.word(id, 2));
  }

  /** Orders two ids by their addresses' bytes, without allocating. */
  compare(left: number, right: number): number {
    const words = this.#words;
    for (let index = 0; index < 4; index++) {
      const order = compareWords(words[left * STRIDE + index]!, words[right * STRIDE + index]!);
      if (order !== 0) return order;
    }
    return this.scopeOf(left) - this.scopeOf(right);
  }

  /** The number that `setNetwork` set for an id, −1 if none. */
  networkOf(id: number): number {
    return this.#networks?.[id] ?? NONE;
  }

  setNetwork(id: number, network: number): void {
    this.#networks ??= new Int32Array(this.#words.length / STRIDE).fill(NONE);
    this.#networks[id] = network;
  }

  /** Has every id without a network again. */
  forgetNetworks(): void {
    this.#networks = undefined;
  }

  /** Frees the ids of unused addresses, once there are many. Nobody may use such an id afterwards. */
  forgetUnused(): void {
    if (this.#unused * USED_PER_UNUSED <= this.used + FEW_UNUSED * USED_PER_UNUSED) return;
    this.#slots.fill(0);
    const isFree = new Uint8Array(this.length);
    for (let id = this.#firstFree; id !== NONE; id = this.#words[id * STRIDE]!) isFree[id] = 1;
    for (let id = 0; id < this.length; id++) {
      if (isFree[id] === 1) continue;
      if (this.#words[id * STRIDE + USERS] !== 0) this.#enter(id);
      else {
        this.#words[id * STRIDE] = this.#firstFree;
        this.#firstFree = id;
      }
    }
    this.#entered -= this.#unused;
    this.#unused = 0;
  }

  /** Forgets every address; about `expected` come next. Keeps the memory unless it is far larger than these need. */
  reset(expected = this.used): void {
    if (this.#words.length > Math.max(INITIAL_ADDRESSES, expected * 16) * STRIDE) {
      this.#words = new Int32Array(INITIAL_ADDRESSES * STRIDE);
      this.#slots = new Int32Array(INITIAL_ADDRESSES * 2);
    } else this.#slots.fill(0);
    this.#networks = undefined;
    this.#scopes = undefined;
    this.length = 0;
    this.#entered = 0;
    this.#unused = 0;
    this.#firstFree = NONE;
  }

  #append(slot: number, w0: number, w1: number, w2: number, w3: number, scope: number): number {
    const id = this.#takeId();
    const at = id * STRIDE;
    this.#words[at] = w0;
    this.#words[at + 1] = w1;
    this.#words[at + 2] = w2;
    this.#words[at + 3] = w3;
    this.#words[at + USERS] = 1;
    if (this.#networks !== undefined) this.#networks[id] = NONE;
    if (scope !== 0) this.#scopes ??= new Int32Array(this.#words.length / STRIDE);
    if (this.#scopes !== undefined) this.#scopes[id] = scope;
    this.#slots[slot] = id + 1;
    if (++this.#entered * 2 > this.#slots.length) this.#growSlots();
    return id;
  }

  #takeId(): number {
    const free = this.#firstFree;
    if (free !== NONE) {
      this.#firstFree = this.#words[free * STRIDE]!;
      return free;
    }
    if (this.length * STRIDE === this.#words.length) this.#growIds();
    return this.length++;
  }

  #growIds(): void {
    const capacity = this.length + (this.length >> 1);
    const words = new Int32Array(capacity * STRIDE);
    const networks = this.#networks && new Int32Array(capacity).fill(NONE);
    const scopes = this.#scopes && new Int32Array(capacity);
    words.set(this.#words);
    networks?.set(this.#networks!);
    scopes?.set(this.#scopes!);
    this.#words = words;
    this.#networks = networks;
    this.#scopes = scopes;
  }

  #growSlots(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (const value of old) if (value !== 0) this.#enter(value - 1);
  }

  #enter(id: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const words = this.#words;
    const at = id * STRIDE;
    let slot = hashWords(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = id + 1;
  }

  #isAt(id: number, w0: number, w1: number, w2: number, w3: number, scope: number): boolean {
    const [a0, a1, a2, a3, own = 0] = this.wordsOf(id);
    return a0 === w0 && a1 === w1 && a2 === w2 && a3 === w3 && own === scope;
  }
}

/** Mixes the high bits into the low ones, which select the slot. */
function hashWords(w0: number, w1: number, w2: number, w3: number): number {
  let hash = Math.imul(w3, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ w2, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ w1, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16) ^ w0, 0x27d4eb2f);
  return hash ^ (hash >>> 15);
}
