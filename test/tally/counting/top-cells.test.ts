import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HashCounts } from '../../../src/tally/counting/hash-counts.ts';
import { TopCells } from '../../../src/tally/counting/top-cells.ts';

/** Cells named by one number; fold = name modulo `folds`. */
function createTop(limit: number, folds = 1) {
  const counts = new HashCounts(1, folds - 1); // folds: a power of two
  const top = new TopCells<number>(limit, {
    folds,
    foldOf: (cell) => counts.key(cell, 0) % folds,
    compare: (a, b) => counts.key(a, 0) - counts.key(b, 0),
    remember: (cell) => counts.key(cell, 0),
    recall: (name) => counts.find(name, 0, name % folds),
  });
  return function select(sizes: ReadonlyMap<number, number>, first: readonly number[] = []) {
    counts.reset();
    for (const [name, size] of sizes) counts.add(name, 0, name % folds, size);
    const selection = top.select(
      counts,
      first.map((name) => counts.find(name, 0, name % folds)),
    );
    return { ...selection, kept: selection.kept.map((cell) => counts.key(cell, 0)) };
  };
}

const sizesOf = (...entries: [number, number][]) => new Map(entries);

describe('TopCells', () => {
  it('keeps the largest and adds the rest up', () => {
    const select = createTop(2);
    assert.deepEqual(select(sizesOf([1, 5], [2, 50], [3, 7], [4, 20])), { kept: [2, 4], other: [12], folded: 2 });
  });

  it('folds everything at limit 0', () => {
    assert.deepEqual(createTop(0)(sizesOf([1, 5], [2, 6])), { kept: [], other: [11], folded: 2 });
  });

  it('breaks ties by meaning, not by the order of rows', () => {
    assert.deepEqual(createTop(2)(sizesOf([9, 5], [3, 5], [7, 5])).kept, [3, 7]);
    assert.deepEqual(createTop(2)(sizesOf([7, 5], [3, 5], [9, 5])).kept, [3, 7]);
  });

  it('does not swap members for a newcomer within noise, but for a clearly larger one', () => {
    const select = createTop(1);
    assert.deepEqual(select(sizesOf([1, 100], [2, 90])).kept, [1]);
    assert.deepEqual(select(sizesOf([1, 90], [2, 100])).kept, [1]);
    assert.deepEqual(select(sizesOf([1, 90], [2, 120])).kept, [2]);
    assert.deepEqual(select(sizesOf([1, 100], [2, 90])).kept, [2]);
  });

  it('lets a member go that is gone', () => {
    const select = createTop(1);
    select(sizesOf([1, 100], [2, 90]));
    assert.deepEqual(select(sizesOf([2, 3])).kept, [2]);
  });

  it('keeps those that come first whatever their count, as far as the limit goes, and lets them go afterwards', () => {
    const select = createTop(2);
    const sizes = sizesOf([1, 5], [2, 50], [3, 40]);
    assert.deepEqual(select(sizes, [1]), { kept: [2, 1], other: [40], folded: 1 });
    assert.deepEqual(select(sizes, [1, 3, 2]).kept.length, 2);
    assert.deepEqual(select(sizes).kept, [2, 3]);
  });

  it('keeps the largest of a small fold beside a flood of another', () => {
    const select = createTop(100, 2);
    const sizes = new Map(Array.from({ length: 500 }, (_, index) => [index * 2, 1000 + index]));
    sizes.set(1, 5).set(3, 4).set(5, 3);
    const { kept, other } = select(sizes);
    assert.deepEqual(
      kept.filter((name) => name % 2 === 1),
      [1, 3],
    );
    assert.equal(kept.length, 100);
    assert.equal(other[1], 3);
  });

  it('chooses as a sort would, and loses nothing, for any sizes', () => {
    const sizes = fc.uniqueArray(fc.tuple(fc.nat(5000), fc.integer({ min: 1, max: 30 })), {
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 40 }), (entries, limit) => {
        const { kept, other, folded } = createTop(limit)(new Map(entries));
        const sorted = entries.toSorted((a, b) => b[1] - a[1] || a[0] - b[0]);
        assert.deepEqual(
          kept,
          sorted.slice(0, limit).map(([name]) => name),
        );
        assert.equal(folded, Math.max(0, entries.length - limit));
        assert.equal(
          other[0],
          sorted.slice(limit).reduce((sum, [, size]) => sum + size, 0),
        );
      }),
    );
  });
});
