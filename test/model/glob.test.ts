import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compileGlob } from '../../src/model/glob.ts';

/** Pattern, text, and its words; undefined = it does not match. */
const MATCHES: readonly (readonly [pattern: string, text: string, words: readonly string[] | undefined])[] = [
  ['nginx', 'nginx', []],
  ['nginx', 'nginx2', undefined],
  ['*', '', []],
  ['a*b', 'ab', []],
  ['a*b', 'a', undefined],
  ['ab*ba', 'aba', undefined],
  ['*.service', 'shop.service', []],
  ['*.service', 'shop.scope', undefined],
  ['*-Dname={app}*', 'java -Dname=billing -jar x.jar', ['billing']],
  ['*-Dname={app}*', 'java -Dname=', undefined],
  ['*-Dname={app}', 'java -Dname=a -Dname=b', ['b']],
  ['{app}-*.jar', 'billing-core-1.4.2.jar', ['billing-core']],
  ['/opt/{app}/*', '/opt/shop/bin/run', ['shop']],
  ['{app}', 'two words', undefined],
  ['{app}', 'C:\\folder', undefined],
  ['gunicorn: master [{app}]', 'gunicorn: master [shop]', ['shop']],
  ['{a}{b}', 'xyz', ['xy', 'z']],
  ['{a}{b}', 'x', undefined],
  ['(.+)+$', 'aaaa', undefined],
  ['(.+)+$', '(.+)+$', []],
];

describe('compileGlob', () => {
  for (const [pattern, text, words] of MATCHES) {
    it(`${JSON.stringify(pattern)} ${words === undefined ? 'does not match' : 'matches'} ${JSON.stringify(text)}`, () => {
      assert.deepEqual(compileGlob(pattern).match(text), words);
    });
  }

  it('matches what a regular expression does, which takes the words as long as it can', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '/'), maxLength: 12 });
    const pattern = fc
      .array(fc.constantFrom('a', 'b', ' ', '/', '*', '{w}'), { maxLength: 7 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, text, (glob, value) => {
        const expression = glob.replace(/\*+/g, '.*?').replaceAll('{w}', '([^\\s/]+)');
        const [, ...words] = new RegExp(`^${expression}$`).exec(value) ?? [undefined, 'none'];
        const found = compileGlob(glob).match(value);
        assert.deepEqual(found ?? ['none'], words, `${glob} on ${value}`);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes no longer for a text that nearly matches in very many ways', () => {
    const glob = compileGlob('*{a}*{b}*{c}*{d}!');
    const startMs = performance.now();
    assert.equal(glob.match('a'.repeat(32_768)), undefined);
    assert.equal(glob.match(`${'a'.repeat(32_766)} !`), undefined);
    assert.ok(performance.now() - startMs < 2000, 'backtracking would take years');
  });

  it('refuses a brace that belongs to no word', () => {
    for (const pattern of ['{', 'a}', '{}', '{A}', '{a b}', '{{a}'])
      assert.throws(() => compileGlob(pattern), { message: /^has a brace that belongs to no \{word\}/ });
  });
});
