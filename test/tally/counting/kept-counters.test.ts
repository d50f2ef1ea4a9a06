import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { EventGrowth } from '../../../src/model/connection-events.ts';
import { KeptCounters } from '../../../src/tally/counting/kept-counters.ts';

const HOUR = 3_600_000;
const one = (value: number): EventGrowth => [0, value];
const numbersOf = (...values: number[]): EventGrowth => values.flatMap((value, index) => [index, value]);

/** Counters of groups that are called as their labels are. */
function createCounters(limit: number, width: number, sized = width) {
  const itself = (label: string) => label;
  return new KeptCounters<string>({ limit, width, sized, toGroup: itself, toSum: itself });
}

/** Each scrape: what groups have counted → the counters by group. */
function createScrapes(limit: number) {
  const counters = createCounters(limit, 1);
  return (nowMs: number, grown: Readonly<Record<string, number>> = {}) => {
    for (const [name, value] of Object.entries(grown)) counters.add(name, one(value));
    const { counters: all, folded } = counters.turn(nowMs);
    return { folded, ...Object.fromEntries(all.map(({ group, counts }) => [group, counts[0]!])) };
  };
}

describe('KeptCounters', () => {
  it('shows a new counter as 0 at first, then what it has counted', () => {
    const scrape = createScrapes(2);
    assert.deepEqual(scrape(0, { a: 5 }), { folded: 0, a: 0 });
    assert.deepEqual(scrape(1, { a: 2 }), { folded: 0, a: 7 });
    assert.deepEqual(scrape(2), { folded: 0, a: 7 });
  });

  it('has no number for what was never counted', () => {
    const counters = createCounters(2, 2);
    counters.add('a', [1, 3]);
    assert.deepEqual([...counters.turn(0).counters[0]!.counts], [Number.NaN, 0]);
    assert.deepEqual([...counters.turn(1).counters[0]!.counts], [Number.NaN, 3]);
  });

  it('adds up what is beyond the limit, the largest newcomers first', () => {
    const scrape = createScrapes(2);
    assert.deepEqual(scrape(0, { a: 1, b: 5, c: 9 }), { folded: 1, b: 0, c: 0, other: 0 });
    assert.deepEqual(scrape(1, { a: 100 }), { folded: 1, b: 5, c: 9, other: 101 });
  });

  it('keeps a group whoever comes, until it is idle for an hour; who takes its place begins at 0, and other never falls', () => {
    const scrape = createScrapes(1);
    scrape(0, { a: 1 });
    scrape(1, { b: 50 });
    assert.deepEqual(scrape(HOUR - 1, { b: 50 }), { folded: 1, a: 1, other: 100 });
    assert.deepEqual(scrape(HOUR, { b: 7 }), { folded: 0, b: 0, other: 100 });
    assert.deepEqual(scrape(HOUR + 1, { a: 2 }), { folded: 1, b: 7, other: 102 });
  });

  it('leaves the counts that it was given as they are', () => {
    const counters = createCounters(1, 2);
    const given = [numbersOf(1, 2), numbersOf(3, 4), numbersOf(5, 6)];
    for (const grown of given) counters.add('a', grown);
    counters.turn(0);
    assert.deepEqual([...counters.turn(1).counters[0]!.counts], [9, 12]);
    assert.deepEqual(given, [numbersOf(1, 2), numbersOf(3, 4), numbersOf(5, 6)]);
  });

  it('ranks newcomers by the counts that say how large they are', () => {
    const counters = createCounters(1, 3, 2);
    for (const [name, counts] of Object.entries({ slow: [1, 1, 9e9], busy: [2, 1, 3] }))
      counters.add(name, numbersOf(...counts));
    assert.deepEqual(
      counters.turn(0).counters.map(({ group }) => group),
      ['busy', 'other'],
    );
  });

  it('of newcomers of one size keeps those that came first', () => {
    const sizes = fc.dictionary(fc.constantFrom(...'abcdefgh'), fc.integer({ min: 1, max: 3 }));
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 8 }), (grown, limit) => {
        const ranked = Object.entries(grown).sort(([, x], [, y]) => y - x); // stable: in the order in which they come
        const wanted = ranked.slice(0, limit).map(([name]) => name);
        const { folded, other, ...shown } = { other: 0, ...createScrapes(limit)(0, grown) };
        assert.deepEqual(Object.keys(shown).sort(), wanted.sort());
        assert.equal(folded, ranked.length - wanted.length);
      }),
    );
  });

  it('with no place at all has only other', () => {
    const scrape = createScrapes(0);
    scrape(0, { a: 1, b: 2 });
    assert.deepEqual(scrape(1), { folded: 0, other: 3 });
  });

  it('never loses or doubles an event, and no counter falls, whatever comes when', () => {
    const scrapes = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 9 })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(scrapes, fc.integer({ min: 0, max: 3 }), (given, limit) => {
        const scrape = createScrapes(limit);
        let expected = 0;
        let last: Record<string, number> = {};
        for (const [index, grown] of given.entries()) {
          const { folded: _, ...now } = scrape(index, grown);
          for (const [name, value] of Object.entries(last)) assert.ok(now[name as keyof typeof now]! >= value);
          last = now;
          for (const value of Object.values(grown)) expected += value;
        }
        const { folded: _, ...end } = scrape(given.length);
        assert.equal(
          (Object.values(end) as number[]).reduce((sum, value) => sum + value, 0),
          expected,
        );
      }),
    );
  });
});
