import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type AsciiCursor,
  readDecimal,
  readHexLong,
  readHexWord,
  skipByte,
  skipPast,
} from '../../../../src/platform/linux/procfs/ascii-cursor.ts';

test('every byte is the hex digit it looks like, or none', () => {
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    if (/[0-9a-fA-F]/.test(character)) assert.equal(readHexWord(over(character), 1), Number.parseInt(character, 16));
    else assert.throws(() => readHexWord(over(character), 1), { message: 'a hex digit expected at column 1' });
  }
});

test('reads the numbers that were printed, and stops behind them', () => {
  const uint32 = fc.nat({ max: 0xffff_ffff });
  fc.assert(
    fc.property(uint32, uint32, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (word, decimal, long) => {
      const hex = (value: number | bigint) => value.toString(16).toUpperCase().padStart(8, '0');
      const cursor = over(`x: ${hex(word)} ${hex(long)}    ${decimal}`);
      skipPast(cursor, 0x3a);
      skipByte(cursor, 0x20);
      assert.equal(readHexWord(cursor, 8) >>> 0, word);
      skipByte(cursor, 0x20);
      assert.ok(Math.abs(readHexLong(cursor) - Number(long)) <= Number(long) * 2 ** -50);
      assert.equal(readDecimal(cursor), decimal);
      assert.equal(cursor.at, cursor.end);
    }),
  );
});

test('does not read beyond the end of its line', () => {
  const line: AsciiCursor = { bytes: Buffer.from('12345678'), start: 2, at: 2, end: 5 };
  assert.throws(() => readHexWord({ ...line }, 4), { message: 'a hex digit expected at column 4, but the line ends' });
  assert.equal(readDecimal({ ...line }), 345);
  assert.throws(() => skipPast({ ...line }, 0x36), { message: '"6" expected at column 4, but the line ends' });
  assert.throws(() => skipByte({ ...line, at: 5 }, 0x36), { message: '"6" expected at column 4, but the line ends' });
  assert.throws(() => readDecimal({ ...line, at: 5 }), {
    message: 'a decimal number expected at column 4, but the line ends',
  });
});

function over(text: string): AsciiCursor {
  const bytes = Buffer.from(text, 'latin1');
  return { bytes, start: 0, at: 0, end: bytes.length };
}
