import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toPrintable } from '../../src/model/printable-text.ts';
import { NameTable } from '../../src/table/name-table.ts';

describe('toPrintable', () => {
  for (const [what, text, printable] of [
    ['letters, signs and spaces', 'nginx: master (fünfzehn) "日本" 🚀 \\', 'nginx: master (fünfzehn) "日本" 🚀 \\'],
    ['an escape sequence', '\x1b[31mred\x07', '\\x1b[31mred\\x07'],
    ['ends of lines', 'a\nb\r\u2028c\u2029', 'a\\x0ab\\x0d\\u2028c\\u2029'],
    ['controls above ASCII', '\x7f\x9b31m', '\\x7f\\x9b31m'],
    ['another direction', 'a\u202eexe.b\u2066', 'a\\u202eexe.b\\u2066'],
    ['nothing to see', '\u200bssh\ufeff\u{e0041}', '\\u200bssh\\ufeff\\u{e0041}'],
    ['halves of a pair', 'a\ud800 \udc00', 'a\\ud800 \\udc00'],
  ] as const) {
    it(`spells out what only does something: ${what}`, () => assert.equal(toPrintable(text), printable));
  }

  it('leaves nothing that a second look would change, and text that survives UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const printable = toPrintable(text);
        assert.equal(toPrintable(printable), printable);
        assert.equal(Buffer.from(printable).toString(), printable);
        assert.doesNotMatch(printable, /\p{Cc}/u);
      }),
    );
  });
});

describe('NameTable', () => {
  it('has one id for names that are one text on the page', () => {
    const names = new NameTable();
    const id = names.intern('a\x1b');
    assert.equal(names.nameOf(id), 'a\\x1b');
    assert.equal(names.intern('a\\x1b'), id);
    assert.equal(names.find('a\\x1b'), id);
    assert.equal(names.length, 2);
    assert.notEqual(names.intern('a\ud800'), names.intern('a\ud801'));
  });
});
