import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CountTable } from '../../src/tally/count-table.ts';

describe('CountTable', () => {
  it('counts as a Map would, however it has to grow', () => {
    const word = fc.integer({ min: -2, max: 2 });
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word, word), { maxLength: 5000 }), (keys) => {
        const table = new CountTable(2);
        const expected = new Map<string, number>();
        for (const key of keys) {
          table.bump(table.add(...key), 1, 3);
          expected.set(key.join(), (expected.get(key.join()) ?? 0) + 1);
        }
        assert.equal(table.length, expected.size);
        for (const [text, count] of expected) {
          const cell = table.find(...(text.split(',').map(Number) as [number, number, number]));
          assert.deepEqual([table.count(cell), table.count(cell, 1)], [count, count * 3]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keeps 300,000 distinct keys apart', () => {
    const table = new CountTable();
    for (let index = 0; index < 300_000; index++) table.add(index, index << 16, 5);
    assert.equal(table.length, 300_000);
    for (let index = 0; index < 300_000; index += 997) assert.equal(table.count(table.find(index, index << 16, 5)), 1);
    assert.equal(table.find(1, 1, 1), -1);
  });

  it('is empty after reset, in the memory of a small table when a large one is no longer needed', () => {
    const table = new CountTable();
    for (let index = 0; index < 100_000; index++) table.add(index, 0, 0);
    const large = table.slots.length;
    for (let scrape = 0; scrape < 10; scrape++) {
      table.reset();
      assert.equal(table.find(1, 0, 0), -1);
      table.add(1, 0, 0);
    }
    assert.ok(table.slots.length * 50 < large);
    assert.equal(table.length, 1);
  });
});
