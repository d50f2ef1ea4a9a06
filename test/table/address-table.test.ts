import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '../../src/model/ip-address.ts';
import { AddressTable } from '../../src/table/address-table.ts';

describe('AddressTable', () => {
  it('gives equal addresses one id and others another, as a Map would', () => {
    const word = fc.integer({ min: -3, max: 3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word, word, word, fc.nat(2)), { maxLength: 3000 }), (addresses) => {
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
          assert.deepEqual(table.wordsOf(table.find(words)), words[4] === 0 ? words.slice(0, 4) : words);
          assert.equal(table.scopeOf(table.find(words)), words[4]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('tells one address behind two links apart, names the link, and orders by it last', () => {
    const table = new AddressTable();
    const peer = parseAddress('fe80::1')!;
    const [plain, first, second] = [table.intern(...peer), table.intern(...peer, 2), table.intern(...peer, 9)];
    table.nameOfInterface = (index) => (index === 2 ? 'eth0' : String(index));
    assert.deepEqual(
      [plain, first, second].map((id) => table.textOf(id)),
      ['fe80::1', 'fe80::1%eth0', 'fe80::1%9'],
    );
    const next = table.intern(...parseAddress('fe80::2')!);
    assert.deepEqual(
      [next, second, first, plain].sort((a, b) => table.compare(a, b)),
      [plain, first, second, next],
    );
    table.reset();
    assert.equal(table.textOf(table.intern(...peer)), 'fe80::1');
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

  it('holds an address as long as it has a user, and gives its id to another one later', () => {
    const address = fc.integer({ min: 0, max: 3000 });
    const scrape = fc.record({ come: fc.array(address, { maxLength: 2500 }), leave: fc.integer({ min: 1, max: 4 }) });
    fc.assert(
      fc.property(fc.array(scrape, { maxLength: 12 }), (scrapes) => {
        const table = new AddressTable();
        let users: (readonly [number, number])[] = [];
        for (const { come, leave } of scrapes) {
          users.push(...come.map((word) => [word, table.intern(word % 2, 0, 0, word)] as const));
          const isLeaving = (_: unknown, index: number) => index % leave === 0;
          for (const [, id] of users.filter(isLeaving)) table.release(id);
          users = users.filter((user, index) => !isLeaving(user, index));
          table.forgetUnused();
          const ids = new Map(users);
          assert.equal(table.used, ids.size);
          assert.equal(new Set(ids.values()).size, ids.size);
          for (const [word, id] of users) {
            assert.deepEqual(table.wordsOf(id), [word % 2, 0, 0, word]);
            assert.equal(table.find([word % 2, 0, 0, word]), id);
          }
          assert.ok(table.length < 3001 + 2500, 'ids are given again');
        }
      }),
      { numRuns: 40 },
    );
  });

  it('remembers the network of an id until the id is given to another address', () => {
    const table = new AddressTable();
    const ids = Array.from({ length: 5000 }, (_, word) => table.intern(0, 0, 0, word));
    assert.equal(table.networkOf(ids[9]!), -1);
    for (const id of ids) table.setNetwork(id, 7);
    for (const id of ids) table.release(id);
    assert.equal(table.networkOf(table.intern(0, 0, 0, 9)), 7, 'still the same address');
    table.forgetUnused();
    const others = Array.from({ length: 20_000 }, (_, word) => table.intern(1, 0, 0, word));
    assert.deepEqual(
      others.filter((id) => table.networkOf(id) !== -1),
      [],
    );
    assert.equal(table.networkOf(ids[9]!), 7);
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
