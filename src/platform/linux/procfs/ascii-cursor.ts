/** A position (`at`) in one line of ASCII bytes, `start` … `end` − 1. Every read moves `at` forward or throws. */
export interface AsciiCursor {
  bytes: Uint8Array;
  start: number;
  at: number;
  end: number;
}

const SPACE = 0x20;

/** Exactly `digits` hex digits, at most 8, as a signed 32-bit word. */
export function readHexWord(cursor: AsciiCursor, digits: number): number {
  let word = 0;
  for (let left = digits; left > 0; left--) word = (word << 4) | nextHexDigit(cursor);
  return word;
}

/** `%08lX`: 8 to 16 hex digits; beyond 2^53 the nearest double. */
export function readHexLong(cursor: AsciiCursor): number {
  let value = readHexWord(cursor, 8) >>> 0;
  for (let more = 0; cursor.at < cursor.end && cursor.bytes[cursor.at] !== SPACE; more++) {
    if (more === 8) throw expected(cursor, 'at most 16 hex digits');
    value = value * 16 + nextHexDigit(cursor);
  }
  return value;
}

/** A decimal number up to 2^32 − 1 between spaces; the end of the line may follow it. */
export function readDecimal(cursor: AsciiCursor): number {
  skipSpaces(cursor);
  const first = cursor.at;
  let value = 0;
  for (; cursor.at < cursor.end && cursor.bytes[cursor.at] !== SPACE; cursor.at++) {
    const digit = cursor.bytes[cursor.at]! - 0x30;
    if (digit < 0 || digit > 9) throw expected(cursor, 'a decimal digit');
    value = value * 10 + digit;
    if (value > 0xffff_ffff) throw expected(cursor, 'a number below 2^32');
  }
  if (cursor.at === first) throw expected(cursor, 'a decimal number');
  return value;
}

/** Skips one required byte. */
export function skipByte(cursor: AsciiCursor, byte: number): void {
  if (cursor.at >= cursor.end || cursor.bytes[cursor.at] !== byte) {
    throw expected(cursor, `"${String.fromCharCode(byte)}"`);
  }
  cursor.at++;
}

/** Skips to behind the next such byte. */
export function skipPast(cursor: AsciiCursor, byte: number): void {
  while (cursor.at < cursor.end && cursor.bytes[cursor.at] !== byte) cursor.at++;
  skipByte(cursor, byte);
}

function skipSpaces(cursor: AsciiCursor): void {
  while (cursor.at < cursor.end && cursor.bytes[cursor.at] === SPACE) cursor.at++;
}

function nextHexDigit(cursor: AsciiCursor): number {
  const byte = cursor.at < cursor.end ? cursor.bytes[cursor.at]! : SPACE;
  const digit = byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
  if (digit < 0 || digit > 15 || (byte > 0x39 && digit < 10)) throw expected(cursor, 'a hex digit');
  cursor.at++;
  return digit;
}

function expected(cursor: AsciiCursor, what: string): Error {
  const found = cursor.at < cursor.end ? '' : ', but the line ends';
  return new Error(`${what} expected at column ${cursor.at - cursor.start + 1}${found}`);
}
