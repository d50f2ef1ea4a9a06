import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HashCounts } from '../../../src/tally/counting/hash-counts.ts';

type Key = readonly [number, number, number];
type Row = readonly [...Key, second: number, third: number];

/** The same by a Map: number of rows, sums of the other counters. */
function countByMap(rows: readonly Row[]): Map<string, number[]> {
  const counts = new Map<string, number[]>();
  for (const [k0, k1, k2, second, third] of rows) {
    const [all, seconds, thirds] = counts.get(`${k0},${k1},${k2}`) ?? [0, 0, 0];
    counts.set(`${k0},${k1},${k2}`, [all! + 1, seconds! + second, thirds! + third]);
  }
  return counts;
}

function add(counts: HashCounts, [k0, k1, k2, second, third]: Row, step: 1 | -1): void {
  counts.add(k0, k1, k2, step, step * second, step * third);
}

/** All cells, by key. */
function cellsOf(counts: HashCounts): Map<string, number[]> {
  const seen = new Map<string, number[]>();
  const cells = counts.visit(new Int32Array(1), new Int32Array(1), (cell, count) => {
    assert.equal(count, counts.count(cell));
    const key = ([0, 1, 2] as const).map((index) => counts.key(cell, index)).join();
    assert.ok(!seen.has(key), `two cells of ${key}`);
    seen.set(key, [count, counts.count(cell, 1), counts.count(cell, 2)]);
  });
  assert.equal(cells, seen.size);
  return seen;
}

describe('HashCounts', () => {
  const word = fc.integer({ min: -2, max: 2 });
  const anyRows = fc.array(fc.tuple(word, word, word, fc.nat(1), fc.nat(1)), { maxLength: 3000 });

  it('counts as a Map would, scrape after scrape', () => {
    const counts = new HashCounts(3);
    fc.assert(
      fc.property(anyRows, (rows) => {
        counts.reset();
        for (const row of rows) add(counts, row, 1);
        assert.deepEqual(cellsOf(counts), countByMap(rows));
        for (const [k0, k1, k2] of rows.slice(0, 50)) assert.ok(counts.find(k0, k1, k2) >= 0);
        assert.equal(counts.find(9, 9, 9), -1);
      }),
      { numRuns: 30 },
    );
  });

  it('counts rows out as it counted them in, in any order', () => {
    const counts = new HashCounts(3);
    let present: Row[] = [];
    fc.assert(
      fc.property(anyRows, fc.nat(), (come, seed) => {
        const leaves = (_: Row, index: number) => (Math.imul(index + 1, seed | 1) >>> 4) % 3 === 0;
        const leaving = present.filter(leaves).reverse();
        present = [...present.filter((row, index) => !leaves(row, index)), ...come];
        for (const row of come) add(counts, row, 1);
        for (const row of leaving) add(counts, row, -1);
        assert.deepEqual(cellsOf(counts), countByMap(present));
      }),
      { numRuns: 60 },
    );
    for (const row of present) add(counts, row, -1);
    assert.equal(cellsOf(counts).size, 0);
  });

  it('counts many distinct keys, repeated keys, and one key for nearly all, and forgets them again', () => {
    for (const keyOf of [
      (row: number) => row,
      (row: number) => row % 5000,
      (row: number) => (row % 1000 === 0 ? row : 7),
    ]) {
      const rows = Array.from({ length: 60_000 }, (_, row): Row => [keyOf(row), keyOf(row) << 16, 5, row & 1, 0]);
      const counts = new HashCounts(3);
      for (const row of rows) add(counts, row, 1);
      assert.deepEqual(cellsOf(counts), countByMap(rows));
      for (const [k0, k1, k2] of rows.filter((_, row) => row % 997 === 0)) {
        assert.deepEqual([counts.key(counts.find(k0, k1, k2), 0), counts.find(k0, k1, k2 + 1)], [k0, -1]);
      }
      const half = rows.filter((_, row) => row % 2 === 0);
      for (const row of rows.filter((_, at) => at % 2 === 1)) add(counts, row, -1);
      assert.deepEqual(cellsOf(counts), countByMap(half));
    }
  });

  it('survives keys that a hash can hardly tell apart', () => {
    const rows = Array.from({ length: 20_000 }, (_, row): Row => [0, 0, row << 12, 0, 0]);
    const counts = new HashCounts();
    for (const row of rows) add(counts, row, 1);
    assert.equal(
      counts.visit(new Int32Array(1), new Int32Array(1), () => {}),
      20_000,
    );
  });

  it('adds up by fold, and offers what is not below the floor of its fold', () => {
    const counts = new HashCounts(1, 3);
    for (let row = 0; row < 10; row++) counts.add(row >> 1, 0, 4 + (row % 4), 1); // folds 0 to 3
    counts.add(0, 0, 4, 5);
    const totals = new Int32Array(4);
    const offered: number[] = [];
    counts.visit(totals, Int32Array.of(2, 1, 2, 2), (cell) => offered.push(counts.key(cell, 2)));
    assert.deepEqual([...totals], [8, 3, 2, 2]);
    assert.deepEqual(offered.toSorted(), [4, 5, 5, 5]);
  });

  it('keeps the other counters of a cell, and visits the cells that have rows', () => {
    const counts = new HashCounts(4);
    counts.add(1, 0, 6, 9, 3, 4, 1);
    counts.add(2, 0, 6, 9, 5, 0, 0);
    counts.add(3, 0, 7, 9, 0, 1, 2);
    counts.add(1, 0, 6, 1, 1, 0, -1);
    counts.add(2, 0, 6, -9, -5, 0, 0);
    const seen: number[][] = [];
    counts.each((cell) =>
      seen.push([counts.key(cell, 0), ...([0, 1, 2, 3] as const).map((at) => counts.count(cell, at))]),
    );
    assert.deepEqual(seen, [
      [1, 10, 4, 4, 0],
      [3, 9, 0, 1, 2],
    ]);
  });

  it('is empty after reset', () => {
    const counts = new HashCounts();
    for (let row = 0; row < 100_000; row++) counts.add(row, 0, 0, 1);
    for (let scrape = 0; scrape < 10; scrape++) {
      counts.reset();
      assert.equal(counts.find(1, 0, 0), -1);
      counts.add(1, 0, 0, 1);
      assert.deepEqual([...cellsOf(counts).keys()], ['1,0,0']);
      assert.equal(counts.count(counts.find(1, 0, 0)), 1);
    }
  });
});
