import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findDisagreements, keepLasting } from '../../src/self-check/disagreements.ts';

describe('findDisagreements', () => {
  const find = (before: object, ours: object, after: object) =>
    findDisagreements(mapOf(before), mapOf(ours), mapOf(after));

  it('finds none where our number lies between the two, ends included', () => {
    assert.deepEqual(find({ a: 1, b: 5, c: 2 }, { a: 2, b: 3, c: 2 }, { a: 2, b: 3, c: 2 }), []);
    assert.deepEqual(find({ gone: 1 }, {}, {}), []);
    assert.deepEqual(find({}, {}, { come: 1 }), []);
    assert.deepEqual(find({ rising: 1 }, { rising: 5 }, { rising: 9 }), []);
  });

  it('finds what is ours alone, what is missing, and wrong numbers, with all three', () => {
    assert.deepEqual(
      find({ missing: 1, few: 3, many: 1 }, { few: 1, ours: 2, many: 4 }, { missing: 1, few: 2, many: 1 }),
      [
        { what: 'missing', ours: 0, before: 1, after: 1 },
        { what: 'few', ours: 1, before: 3, after: 2 },
        { what: 'many', ours: 4, before: 1, after: 1 },
        { what: 'ours', ours: 2, before: 0, after: 0 },
      ],
    );
  });

  it('finds exactly the numbers outside of both, whatever they are', () => {
    const number = fc.nat({ max: 9 });
    fc.assert(
      fc.property(number, number, number, (before, ours, after) => {
        const found = find({ x: before }, { x: ours }, { x: after }).length === 1;
        assert.equal(found, [before, after].every((n) => n < ours) || [before, after].every((n) => n > ours));
      }),
    );
  });
});

describe('keepLasting', () => {
  const more = (what: string) => ({ what, ours: 3, before: 1, after: 1 });
  const fewer = (what: string) => ({ what, ours: 0, before: 1, after: 1 });

  it('keeps everything of the first round', () => {
    assert.deepEqual(keepLasting(undefined, [more('a')]), [more('a')]);
  });

  it('keeps what was there before, in the same direction, with its latest numbers', () => {
    const latest = [{ ...more('a'), ours: 7 }, more('b'), fewer('c'), more('new')];
    assert.deepEqual(keepLasting([more('a'), fewer('b'), fewer('c'), more('past')], latest), [
      { ...more('a'), ours: 7 },
      fewer('c'),
    ]);
  });
});

function mapOf(numbers: object): ReadonlyMap<string, number> {
  return new Map(Object.entries(numbers));
}
