import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareWords, formatAddress, maskAddress, parseAddress, wordOfBytes } from '../../src/model/ip-address.ts';

describe('formatAddress', () => {
  const cases: [text: string, expected: string][] = [
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::1c2d:3e4f:5a6b:7c8d', 'fe80::1c2d:3e4f:5a6b:7c8d'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // RFC 5952 section 4.2.3: the first of two equal runs
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // section 4.2.2: one group of zeros is not shortened
    ['2001:0DB8::A', '2001:db8::a'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
  ];
  for (const [text, expected] of cases) {
    it(`writes ${text} as ${expected}`, () => assert.equal(formatAddress(parseAddress(text)!), expected));
  }

  it('is undone by parseAddress for any address', () => {
    const anyIp = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(anyIp, (text) => {
        const words = parseAddress(text)!;
        const formatted = formatAddress(words);
        assert.deepEqual(parseAddress(formatted), words);
        assert.ok(isIPv4(formatted) || isIPv6(formatted));
      }),
    );
  });
});

describe('parseAddress', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    ':::',
    '1::2::3',
    '12345::',
    '::g',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseAddress(text), undefined));
  }
});

describe('maskAddress', () => {
  const cases: [text: string, prefix: number, expected: string][] = [
    ['10.1.2.3', 24, '10.1.2.0'],
    ['10.1.2.3', 32, '10.1.2.3'],
    ['10.1.2.3', 0, '0.0.0.0'],
    ['10.255.2.3', 9, '10.128.0.0'],
    ['2001:db8:1:2:3:4:5:6', 64, '2001:db8:1:2::'],
    ['2001:db8:1:2:3:4:5:6', 0, '::'],
    ['2001:db8:ffff::', 33, '2001:db8:8000::'],
  ];
  for (const [text, prefix, expected] of cases) {
    it(`keeps ${prefix} bits of ${text}`, () =>
      assert.equal(formatAddress(maskAddress(parseAddress(text)!, prefix)), expected));
  }
});

describe('compareWords', () => {
  it('orders by bytes, not by signed numbers', () => {
    assert.ok(compareWords(wordOfBytes(127, 0, 0, 1), wordOfBytes(200, 0, 0, 1)) < 0);
    assert.ok(compareWords(wordOfBytes(10, 0, 0, 2), wordOfBytes(10, 0, 0, 1)) > 0);
    assert.equal(compareWords(wordOfBytes(1, 2, 3, 4), wordOfBytes(1, 2, 3, 4)), 0);
  });
});
