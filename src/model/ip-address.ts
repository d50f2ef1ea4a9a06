/**
 * IP addresses as four signed 32-bit words (as an Int32Array shows them: V8 keeps those unboxed) that hold the 16 address bytes in memory (= network) order.
 * An IPv4 address is kept in its v4-mapped form ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that one
 * representation serves both families and a v4-mapped IPv6 socket equals the IPv4 one.
 */
export type AddressWords = readonly [number, number, number, number];

/**
 * The same, with the index of the interface that the socket is bound to, if any; one address behind two links counts as
 * two.
 */
export type ScopedWords = readonly [w0: number, w1: number, w2: number, w3: number, scope?: number];

const scratchWords = new Int32Array(4);
const scratchBytes = new Uint8Array(scratchWords.buffer);

/** The third word of a v4-mapped address: bytes 00 00 ff ff. */
export const V4_MAPPED_WORD = wordOfBytes(0, 0, 0xff, 0xff);

/** Four bytes in memory order → the word an Int32Array over them shows on this machine. */
export function wordOfBytes(a: number, b: number, c: number, d: number): number {
  scratchBytes[0] = a;
  scratchBytes[1] = b;
  scratchBytes[2] = c;
  scratchBytes[3] = d;
  return scratchWords[0]!;
}

/** Whether the words are ::ffff:a.b.c.d, that is IPv4. */
export function isIpv4(w0: number, w1: number, w2: number): boolean {
  return w0 === 0 && w1 === 0 && w2 === V4_MAPPED_WORD;
}

/** The same of the address that starts at `at`. */
export function isIpv4At(words: Int32Array, at: number): boolean {
  return isIpv4(words[at]!, words[at + 1]!, words[at + 2]!);
}

/** Text of an address without its scope: dotted for IPv4 and v4-mapped, RFC 5952 for IPv6. */
export function formatAddress(words: ScopedWords): string {
  setScratch(words);
  if (isIpv4(words[0], words[1], words[2]))
    return `${scratchBytes[12]}.${scratchBytes[13]}.${scratchBytes[14]}.${scratchBytes[15]}`;
  return formatIpv6(scratchBytes);
}

/**
 * An address and its prefix length → the words of the network. The length counts from the family's own start (v4:
 * 0–32).
 */
export function maskAddress(words: ScopedWords, prefixLength: number): AddressWords {
  const bits = isIpv4(words[0], words[1], words[2]) ? 96 + prefixLength : prefixLength;
  setScratch(words);
  for (let index = 0; index < 16; index++) {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    scratchBytes[index] = scratchBytes[index]! & (0xff00 >> kept);
  }
  return [scratchWords[0]!, scratchWords[1]!, scratchWords[2]!, scratchWords[3]!];
}

/** Dotted IPv4 or RFC 4291 IPv6 text → words; undefined when the text is neither. */
export function parseAddress(text: string): AddressWords | undefined {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  if (bytes === undefined) return undefined;
  scratchBytes.set(bytes);
  return [scratchWords[0]!, scratchWords[1]!, scratchWords[2]!, scratchWords[3]!];
}

const LINK_LOCAL_NET = wordOfBytes(0xfe, 0x80, 0, 0);
const LINK_LOCAL_MASK = wordOfBytes(0xff, 0xc0, 0, 0);

/** Whether the first word is that of a link-local IPv6 address, fe80::/10 (RFC 4291 section 2.5.6). */
export function isLinkLocal(w0: number): boolean {
  return (w0 & LINK_LOCAL_MASK) === LINK_LOCAL_NET;
}

function setScratch([w0, w1, w2, w3]: ScopedWords): void {
  scratchWords[0] = w0;
  scratchWords[1] = w1;
  scratchWords[2] = w2;
  scratchWords[3] = w3;
}

/** Orders two address words by their bytes, as a router would list them. */
export function compareWords(left: number, right: number): number {
  return left === right ? 0 : numberOfWord(left) - numberOfWord(right);
}

/** A word of an address as the number that its four bytes write. */
export function numberOfWord(word: number): number {
  scratchWords[0] = word;
  return ((scratchBytes[0]! << 24) | (scratchBytes[1]! << 16) | (scratchBytes[2]! << 8) | scratchBytes[3]!) >>> 0;
}

function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) groups.push((bytes[index]! << 8) | bytes[index + 1]!);
  const zeros = longestZeroRun(groups);
  if (zeros.length < 2) return groups.map((group) => group.toString(16)).join(':');
  const head = groups.slice(0, zeros.start).map((group) => group.toString(16));
  const tail = groups.slice(zeros.start + zeros.length).map((group) => group.toString(16));
  return `${head.join(':')}::${tail.join(':')}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index++) {
    if (index < groups.length && groups[index] === 0) continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}

function parseIpv4(text: string): number[] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const octets = match.slice(1).map(Number);
  if (octets.some((octet) => octet > 255)) return undefined;
  return [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...octets];
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!);
  const tail = halves.length === 2 ? parseGroups(halves[1]!) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** Colon-separated groups → bytes. The last group may be dotted IPv4. */
function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (group.includes('.') && index === groups.length - 1) {
      const v4 = parseIpv4(group);
      if (v4 === undefined) return undefined;
      bytes.push(...v4.slice(12));
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}
