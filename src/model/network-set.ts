import { type AddressWords, isIpv4, numberOfWord, type ScopedWords } from './ip-address.ts';

/** `prefix`: from the start of the address's own family, 0–32 of IPv4. */
export interface Network {
  readonly network: AddressWords;
  readonly prefix: number;
}

const V4_BITS = 96;
/** IPv4 addresses differ in their last word only. */
const V4_WORD = 3;
/** First and last address of a range, four numbers each. */
const STRIDE = 8;

/**
 * Tells whether an address lies in one of the networks, behind whatever interface: a binary search, without an allocation. `0.0.0.0/0` has
 * every IPv4 address and `::/0` every IPv6 address.
 */
export function createNetworkSet(networks: readonly Network[]): (words: ScopedWords) => boolean {
  const isV4 = ({ network: [w0, w1, w2] }: Network) => isIpv4(w0, w1, w2);
  const ipv4 = toRanges(networks.filter(isV4), V4_BITS);
  const ipv6 = toRanges(
    networks.filter((network) => !isV4(network)),
    0,
  );
  const sought = new Uint32Array(4);
  return (words) => {
    const isOfV4 = isIpv4(words[0], words[1], words[2]);
    const first = isOfV4 ? V4_WORD : 0;
    for (let word = first; word < 4; word++) sought[word] = numberOfWord(words[word]!);
    return isInside(isOfV4 ? ipv4 : ipv6, sought, first);
  };
}

/** By their first address, without those inside another one: networks lie in each other, or apart. */
function toRanges(networks: readonly Network[], offset: number): Uint32Array {
  const ranges = networks.map(({ network, prefix }) => rangeOf(network, prefix + offset));
  ranges.sort((a, b) => compareAt(a, 0, b, 0) || compareAt(b, 4, a, 4));
  const apart: Uint32Array[] = [];
  for (const range of ranges) {
    const last = apart.at(-1);
    if (last === undefined || compareAt(range, 0, last, 4) > 0) apart.push(range);
  }
  const all = new Uint32Array(apart.length * STRIDE);
  for (const [index, range] of apart.entries()) all.set(range, index * STRIDE);
  return all;
}

function rangeOf(network: AddressWords, bits: number): Uint32Array {
  const range = new Uint32Array(STRIDE);
  for (let word = 0; word < 4; word++) {
    const kept = Math.min(32, Math.max(0, bits - word * 32));
    range[word] = numberOfWord(network[word]!);
    range[word + 4] = range[word]! + (2 ** (32 - kept) - 1); // no bit of a host is set
  }
  return range;
}

/** `first`: the first word that counts. */
function isInside(ranges: Uint32Array, address: Uint32Array, first: number): boolean {
  let [low, high] = [0, ranges.length / STRIDE];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareAt(ranges, middle * STRIDE, address, 0, first) <= 0) low = middle + 1;
    else high = middle;
  }
  return low > 0 && compareAt(address, 0, ranges, (low - 1) * STRIDE + 4, first) <= 0;
}

function compareAt(left: Uint32Array, leftAt: number, right: Uint32Array, rightAt: number, first = 0): number {
  for (let word = first; word < 4; word++) {
    const order = left[leftAt + word]! - right[rightAt + word]!;
    if (order !== 0) return order;
  }
  return 0;
}
