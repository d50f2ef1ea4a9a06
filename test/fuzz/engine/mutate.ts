import type { Random } from './random.ts';

/** What mutations draw from. */
export interface Material {
  /** Inputs kept so far; at least one. */
  readonly corpus: readonly Buffer[];
  /** Words of the format. */
  readonly words: readonly Buffer[];
}

/** Longest input, but for the rare one that repeats a piece: time that grows faster than the input shows there. */
const MOST_BYTES = 8192;
const MOST_REPEATED_BYTES = 65_536;
/** One mutation in this many repeats a piece. */
const REPEAT_ONCE_IN = 64;
const MOST_STEPS = 6;

/** Numbers at which counts, lengths and ports go wrong. */
const EDGES = [
  0,
  1,
  2,
  4,
  7,
  8,
  15,
  16,
  31,
  32,
  63,
  64,
  127,
  128,
  255,
  256,
  4095,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];
const EDGE_TEXTS = [
  '-1',
  '0',
  '1',
  '65535',
  '65536',
  '4294967295',
  '4294967296',
  '18446744073709551615',
  '18446744073709551616',
  '1e9',
  '00',
  '0x10',
];

/** A new input: one of the corpus, changed in one to a few ways. */
export function mutate(random: Random, material: Material, longest = MOST_REPEATED_BYTES): Buffer {
  const input = random.pick(material.corpus);
  if (random.below(REPEAT_ONCE_IN) === 0) return repeat(random, input, material).subarray(0, longest);
  let bytes = input;
  for (let steps = 1 + random.below(MOST_STEPS); steps > 0; steps--)
    bytes = random.pick(CHANGES)(random, bytes, material);
  return bytes.subarray(0, MOST_BYTES);
}

type Change = (random: Random, bytes: Buffer, material: Material) => Buffer;

const CHANGES: readonly Change[] = [
  flipBit,
  setByte,
  stepByte,
  writeEdge,
  writeEdge,
  replaceNumber,
  truncate,
  remove,
  duplicate,
  insertBytes,
  insertWord,
  insertWord,
  overwriteWord,
  splice,
];

function flipBit(random: Random, bytes: Buffer): Buffer {
  return changeByte(random, bytes, (byte) => byte ^ (1 << random.below(8)));
}

function setByte(random: Random, bytes: Buffer): Buffer {
  return changeByte(random, bytes, () => random.below(256));
}

function stepByte(random: Random, bytes: Buffer): Buffer {
  return changeByte(random, bytes, (byte) => byte + random.below(33) - 16);
}

function changeByte(random: Random, bytes: Buffer, change: (byte: number) => number): Buffer {
  if (bytes.length === 0) return setLength(bytes, 1);
  const changed = Buffer.from(bytes);
  const at = random.below(bytes.length);
  changed[at] = change(changed[at]!);
  return changed;
}

/** A count or length that lies: 1, 2, 4 or 8 bytes, at any place or at an aligned one, of either order. */
function writeEdge(random: Random, bytes: Buffer): Buffer {
  const size = random.pick([1, 2, 4, 4, 8]);
  if (bytes.length < size) return bytes;
  const changed = Buffer.from(bytes);
  const places = bytes.length - size + 1;
  const at = random.below(2) === 0 ? random.below(places) : Math.floor(random.below(places) / size) * size;
  const value = random.below(3) === 0 ? bytes.length + random.below(9) - 4 : random.pick(EDGES) + random.below(3) - 1;
  const isBigEndian = random.below(2) === 0;
  for (let index = 0; index < size; index++) {
    const shift = isBigEndian ? size - 1 - index : index;
    changed[at + index] = Math.floor((value < 0 ? value + 2 ** 53 : value) / 2 ** (8 * shift)) % 256;
  }
  return changed;
}

/** Decimal digits somewhere become another number. */
function replaceNumber(random: Random, bytes: Buffer): Buffer {
  const numbers = [...bytes.toString('latin1').matchAll(/\d+/g)];
  if (numbers.length === 0)
    return insertWord(random, bytes, { corpus: [], words: EDGE_TEXTS.map((text) => Buffer.from(text)) });
  const { index, 0: digits } = random.pick(numbers);
  const text = random.below(2) === 0 ? random.pick(EDGE_TEXTS) : String(Number(digits) + random.below(5) - 2);
  return Buffer.concat([bytes.subarray(0, index), Buffer.from(text), bytes.subarray(index + digits.length)]);
}

function truncate(random: Random, bytes: Buffer): Buffer {
  return bytes.subarray(0, random.below(bytes.length + 1));
}

function remove(random: Random, bytes: Buffer): Buffer {
  const [start, end] = piece(random, bytes);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
}

function duplicate(random: Random, bytes: Buffer): Buffer {
  const [start, end] = piece(random, bytes);
  return insert(bytes, random.below(2) === 0 ? end : random.below(bytes.length + 1), bytes.subarray(start, end));
}

function insertBytes(random: Random, bytes: Buffer): Buffer {
  const added = Buffer.from(Array.from({ length: 1 + random.below(8) }, () => random.below(256)));
  return insert(bytes, random.below(bytes.length + 1), added);
}

function insertWord(random: Random, bytes: Buffer, { words }: Material): Buffer {
  return words.length === 0 ? bytes : insert(bytes, random.below(bytes.length + 1), random.pick(words));
}

function overwriteWord(random: Random, bytes: Buffer, { words }: Material): Buffer {
  if (words.length === 0) return bytes;
  const word = random.pick(words);
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(at + word.length)]);
}

/** The start of this one and the end of another one. */
function splice(random: Random, bytes: Buffer, { corpus }: Material): Buffer {
  const other = corpus.length === 0 ? bytes : random.pick(corpus);
  return Buffer.concat([
    bytes.subarray(0, random.below(bytes.length + 1)),
    other.subarray(random.below(other.length + 1)),
  ]);
}

/** Many times one piece, or one word: depths, and time that grows faster than the input. */
function repeat(random: Random, bytes: Buffer, { words }: Material): Buffer {
  const [start, end] = piece(random, bytes);
  const repeated = words.length > 0 && random.below(2) === 0 ? random.pick(words) : bytes.subarray(start, end);
  if (repeated.length === 0) return bytes;
  const many = Buffer.alloc(Math.min(MOST_REPEATED_BYTES, repeated.length << (4 + random.below(13))), repeated);
  return Buffer.concat([bytes.subarray(0, start), many, random.below(2) === 0 ? bytes.subarray(end) : Buffer.alloc(0)]);
}

/** Start and end of a piece, short ones more often than long ones. */
function piece(random: Random, bytes: Buffer): [start: number, end: number] {
  const start = random.below(bytes.length);
  return [start, Math.min(bytes.length, start + 1 + random.below(1 << random.below(9)))];
}

function insert(bytes: Buffer, at: number, added: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
}

function setLength(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([bytes], length);
}
