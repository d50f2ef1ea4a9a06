import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AddressTable } from '../../src/model/address-table.ts';
import { parseAddress } from '../../src/model/ip-address.ts';

describe('AddressTable', () => {
  it('gives equal addresses one id and others another, as a Map would', () => {
    const word = fc.integer({ min: -3, max: 3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word, word, word), { maxLength: 3000 }), (addresses) => {
        const table = new AddressTable();
        const ids = new Map<string, number>();
        for (const words of addresses) {
          const key = words.join();
          if (!ids.has(key)) ids.set(key, ids.size);
          assert.equal(table.intern(...words), ids.get(key));
        }
        assert.equal(table.length, ids.size);
        for (const words of addresses) {
          assert.equal(table.find(words), ids.get(words.join()));
          assert.deepEqual(table.wordsOf(table.find(words)), words);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keeps ids while it grows to 200,000 addresses', () => {
    const table = new AddressTable();
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 200_000; index++)
        assert.equal(table.intern(0, 0, 0, Math.imul(index, 2_654_435_761)), index);
    }
  });

  it('forgets everything at reset, and does not find what it never saw', () => {
    const table = new AddressTable();
    table.intern(1, 2, 3, 4);
    assert.equal(table.find([1, 2, 3, 5]), -1);
    table.reset();
    assert.equal(table.length, 0);
    assert.equal(table.find([1, 2, 3, 4]), -1);
    assert.equal(table.intern(9, 9, 9, 9), 0);
  });

  it('is whole after the memory of a large scrape was given back', () => {
    const table = new AddressTable();
    for (let index = 0; index < 100_000; index++) table.intern(index, 0, 0, 1);
    table.reset();
    table.intern(1, 1, 1, 1);
    table.reset();
    assert.equal(table.intern(5, 5, 5, 5), 0);
    assert.equal(table.find([5, 5, 5, 5]), 0);
    assert.equal(table.find([99_999, 0, 0, 1]), -1);
  });

  it('orders ids by their addresses', () => {
    const table = new AddressTable();
    const texts = ['200.0.0.1', '10.0.0.1', '10.0.0.2', '2001:db8::1', '::'];
    const ids = texts.map((text) => table.intern(...parseAddress(text)!));
    const sorted = ids.toSorted((a, b) => table.compare(a, b)).map((id) => texts[ids.indexOf(id)]);
    assert.deepEqual(sorted, ['::', '10.0.0.1', '10.0.0.2', '200.0.0.1', '2001:db8::1']);
    assert.equal(table.isIpv4(ids[0]!), true);
    assert.equal(table.isIpv4(ids[3]!), false);
  });
});
