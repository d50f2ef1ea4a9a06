import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDynamicRange, parseExcludedRanges } from '../../../../src/platform/windows/commands/netsh-ports.ts';
import { readWindowsFixture } from '../recorded.ts';

const LANGUAGES = ['en', 'de', 'zh'];

describe('parseDynamicRange', () => {
  for (const language of LANGUAGES) {
    it(`reads the range in language ${language}`, () => {
      const text = readWindowsFixture(`netsh-dynamicport.${language}.txt`).toString('latin1');
      assert.deepEqual(parseDynamicRange(text), { first: 49_152, last: 65_535 });
    });
  }

  it('reads a range that is not the default one, and lines that end with LF only', () => {
    const text = 'Protocol tcp Dynamic Port Range\n---\nStart Port : 1025\nNumber of Ports : 255\n';
    assert.deepEqual(parseDynamicRange(text), { first: 1025, last: 1279 });
  });

  it('refuses an empty answer: it is no range of 0 ports', () => {
    for (const text of ['', '\r\n', '  \r\n\r\n']) assert.throws(() => parseDynamicRange(text), /printed nothing/);
  });

  it('refuses an answer with more or fewer numbers, and shows it', () => {
    for (const lines of [['a : 1'], ['a : 1', 'b : 2', 'c : 3'], ['The command was not found.']]) {
      assert.throws(() => parseDynamicRange(lines.join('\r\n')), new RegExp(`something else: ${lines[0]}`));
    }
  });

  it('refuses what is not a range of ports', () => {
    for (const [first, count] of [
      [0, 10],
      [49_152, 0],
      [49_152, 16_385],
      [70_000, 1],
    ]) {
      assert.throws(() => parseDynamicRange(`a : ${first}\r\nb : ${count}\r\n`), /not a range of ports/);
    }
  });

  it('refuses every truncation that loses a number', () => {
    const text = readWindowsFixture('netsh-dynamicport.en.txt').toString('latin1');
    const wholeNumbers = text.indexOf('16384');
    for (let length = 0; length <= wholeNumbers; length++) {
      assert.throws(() => parseDynamicRange(text.slice(0, length)), String(length));
    }
  });
});

describe('parseExcludedRanges', () => {
  for (const language of LANGUAGES) {
    it(`reads the exclusions in language ${language}, administered ones included`, () => {
      const text = readWindowsFixture(`netsh-excluded.${language}.txt`).toString('latin1');
      assert.deepEqual(parseExcludedRanges(text), [
        { first: 5357, last: 5357 },
        { first: 49_710, last: 49_809 },
        { first: 50_000, last: 50_059 },
      ]);
    });
  }

  it('reads a table without a row as no exclusion', () => {
    const text = readWindowsFixture('netsh-excluded.en.txt').toString('latin1');
    assert.deepEqual(parseExcludedRanges(text.replaceAll(/^ +\d.*$/gm, '')), []);
  });

  it('refuses an answer without a table: it is not the same as no exclusion', () => {
    assert.throws(() => parseExcludedRanges(''), /excludedportrange printed nothing/);
    assert.throws(() => parseExcludedRanges('The command was not found.'), /printed something else/);
  });

  it('takes no longer than the text is long', () => {
    const start = performance.now();
    const blanks = ' '.repeat(200_000);
    for (const text of ['\r\n'.repeat(200_000), `1${blanks}.`, '-'.repeat(200_000)]) {
      assert.throws(() => parseExcludedRanges(text), /printed/);
    }
    assert.deepEqual(parseExcludedRanges(`-----  -----\r\n1 2${blanks}.\r\n`), []);
    assert.ok(performance.now() - start < 3000, `${performance.now() - start} ms`);
  });

  it('refuses what is not a range of ports', () => {
    for (const row of ['60 50', '1 65536']) {
      assert.throws(() => parseExcludedRanges(`----  ----\r\n${row}\r\n`), /not a range of ports/);
    }
  });
});
