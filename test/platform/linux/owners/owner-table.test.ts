import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { canKeep, NOT_FOUND, OwnerTable, PENDING } from '../../../../src/platform/linux/owners/owner-table.ts';

interface Entry {
  process: number;
  fd: number;
  rows: number;
}

/** Neighbours, as the kernel gives them out, and the ends of both halves of 32 bits. */
const anyInode = fc
  .oneof(
    fc.integer({ min: 1, max: 60 }),
    fc.integer({ min: 2 ** 31 - 5, max: 2 ** 31 + 5 }).map((inode) => inode | 0),
    fc.integer({ min: -9, max: -3 }),
    fc.integer(),
  )
  .filter(canKeep);
const anyOwner = fc.oneof(fc.integer({ min: 0, max: 2 ** 23 - 1 }), fc.constantFrom(PENDING, NOT_FOUND));
const anyFd = fc.integer({ min: 0, max: 2 ** 31 - 1 });
/** What one scrape does: rows that come and go, by socket, all of them or the difference; and who some are given to. */
const anyScrape = fc.record({
  isFullRecount: fc.boolean(),
  seen: fc.array(anyInode, { maxLength: 80 }),
  gone: fc.array(anyInode, { maxLength: 80 }),
  given: fc.array(fc.tuple(anyInode, anyOwner, anyFd), { maxLength: 20 }),
});
type Scrape = typeof anyScrape extends fc.Arbitrary<infer Value> ? Value : never;
/** As many rows as an entry can count; see MANY_ROWS. */
const MANY = 255;

/** The `nth` array that is made from now on in a test cannot be had. */
function failArray(t: TestContext, nth: number): void {
  const real = globalThis.Int32Array;
  t.after(() => {
    globalThis.Int32Array = real;
  });
  let arrays = 0;
  globalThis.Int32Array = new Proxy(real, {
    construct(target, args: [number]) {
      if (++arrays === nth) throw new RangeError('Array buffer allocation failed');
      return new target(...args);
    },
  });
}

describe('OwnerTable', () => {
  for (const nth of [1, 2]) {
    it(`stays whole when array ${nth} of a larger table cannot be had`, (t) => {
      const table = new OwnerTable();
      failArray(t, nth);
      let added = 0;
      const addAll = () => {
        while (added < 2000) {
          table.add(added + 1, added);
          added++;
        }
      };
      assert.throws(addAll, RangeError);
      const before = added;
      assert.equal(table.length, before);
      assert.equal(table.find(before + 1), -1); // ends
      addAll();
      for (let inode = 1; inode <= added; inode++) assert.equal(table.fdOf(table.find(inode)), inode - 1);
    });
  }

  for (const nth of [1, 2]) {
    it(`stays whole when array ${nth} of a smaller table cannot be had`, (t) => {
      const table = new OwnerTable();
      for (let inode = 1; inode <= 50_000; inode++) table.add(inode, inode * 2);
      for (let inode = 1; inode <= 50_000; inode++) if (inode % 100 !== 0) table.remove(table.find(inode));
      failArray(t, nth);
      assert.throws(() => table.shrink(), RangeError);
      for (let round = 0; round < 2; round++) {
        assert.equal(table.length, 500);
        for (let inode = 100; inode <= 50_000; inode += 100) assert.equal(table.fdOf(table.find(inode)), inode * 2);
        assert.equal(table.find(101), -1);
        table.shrink();
      }
    });
  }

  it('holds what a Map would, from scrape to scrape', () => {
    fc.assert(
      fc.property(fc.array(anyScrape, { maxLength: 8 }), (scrapes) => {
        const table = new OwnerTable();
        const model = new Map<number, Entry>();
        for (const each of scrapes) scrape(table, model, each);
      }),
    );
  });

  it('grows to many entries and shrinks again, losing none', () => {
    const table = new OwnerTable();
    const model = new Map<number, Entry>();
    const sizes = [50_000, 49_000, 200, 3, 20_000, 0, 10];
    for (const size of sizes) {
      table.shrink();
      forgetRows(table, model);
      for (let inode = 1; inode <= size; inode++) note(table, model, inode * 7);
      assert.equal(dropRowless(table).length, dropRowlessOf(model).length);
      assertSame(table, model);
    }
  });

  it('keeps the number of an entry until it shrinks, whatever else comes and goes', () => {
    const table = new OwnerTable();
    const entry = table.add(7, 1);
    for (let inode = 1000; inode < 9000; inode++) table.add(inode, 0);
    for (let inode = 1000; inode < 8000; inode++) table.remove(table.find(inode));
    for (let inode = 20_000; inode < 21_000; inode++) table.add(inode, 0);
    assert.deepEqual([table.find(7), table.fdOf(entry), table.processOf(entry)], [entry, 1, PENDING]);
  });

  it('tells the last row of a socket that has several, and leaves its owner alone', () => {
    const table = new OwnerTable();
    const entry = table.add(7, 1);
    for (let row = 1; row < MANY - 1; row++) table.addRow(entry);
    table.setOwner(entry, 2 ** 22, 5);
    for (let row = MANY - 1; row > 1; row--) assert.equal(table.removeRow(entry), false, `${row} rows`);
    assert.equal(table.removeRow(entry), true);
    assert.deepEqual([table.processOf(entry), table.fdOf(entry)], [2 ** 22, 5]);
  });

  it('keeps a socket of more rows than it can count until all rows are noted anew', () => {
    const table = new OwnerTable();
    const entry = table.add(7, 1);
    for (let row = 1; row < MANY + 10; row++) table.addRow(entry);
    for (let row = 0; row < MANY + 10; row++) assert.equal(table.removeRow(entry), false);
    assert.deepEqual(rowless(table), []);
    assert.equal(table.processOf(entry), PENDING);
    table.forgetRows();
    assert.deepEqual(rowless(table), [entry]);
    table.addRow(entry);
    assert.deepEqual(rowless(table), []);
    assert.equal(table.removeRow(entry), true);
  });

  it('keeps no number that stands for something else', () => {
    assert.deepEqual([0, -1, -2, -3, -4, 1, 2 ** 31 - 1, -(2 ** 31)].map(canKeep), [
      false,
      false,
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
  });
});

function scrape(table: OwnerTable, model: Map<number, Entry>, { isFullRecount, seen, gone, given }: Scrape): void {
  table.shrink();
  if (isFullRecount) forgetRows(table, model);
  for (const inode of seen) note(table, model, inode);
  if (isFullRecount) assert.deepEqual(dropRowless(table), dropRowlessOf(model));
  else for (const inode of gone) release(table, model, inode);
  for (const owner of given) give(table, model, ...owner);
  assertSame(table, model);
}

function forgetRows(table: OwnerTable, model: Map<number, Entry>): void {
  table.forgetRows();
  for (const entry of model.values()) entry.rows = 0;
}

function give(table: OwnerTable, model: Map<number, Entry>, inode: number, process: number, fd: number): void {
  const entry = table.find(inode);
  assert.equal(entry >= 0, model.has(inode));
  if (entry < 0) return;
  table.setOwner(entry, process, fd);
  Object.assign(model.get(inode)!, { process, fd });
}

function note(table: OwnerTable, model: Map<number, Entry>, inode: number): void {
  const known = model.get(inode);
  const entry = table.find(inode);
  assert.equal(entry >= 0, known !== undefined, `inode ${inode}`);
  if (known === undefined) {
    assert.equal(table.processOf(table.add(inode, 5)), PENDING);
    model.set(inode, { process: PENDING, fd: 5, rows: 1 });
  } else {
    table.addRow(entry);
    known.rows++;
  }
}

function release(table: OwnerTable, model: Map<number, Entry>, inode: number): void {
  const known = model.get(inode);
  const entry = table.find(inode);
  assert.equal(entry >= 0, known !== undefined, `inode ${inode}`);
  if (known === undefined) return;
  known.rows--;
  assert.equal(table.removeRow(entry), known.rows === 0, `inode ${inode}`);
  if (known.rows > 0) return;
  table.remove(entry);
  model.delete(inode);
}

function rowless(table: OwnerTable): number[] {
  const entries: number[] = [];
  table.forEachRowless((entry) => entries.push(entry));
  return entries;
}

function dropRowless(table: OwnerTable): string[] {
  const dropped: string[] = [];
  table.forEachRowless((entry) => {
    dropped.push(`${table.processOf(entry)} ${table.fdOf(entry)}`);
    table.remove(entry);
  });
  return dropped.sort();
}

function dropRowlessOf(model: Map<number, Entry>): string[] {
  const unseen = [...model].filter(([, { rows }]) => rows === 0);
  for (const [inode] of unseen) model.delete(inode);
  return unseen.map(([, { process, fd }]) => `${process} ${fd}`).sort();
}

function assertSame(table: OwnerTable, model: ReadonlyMap<number, Entry>): void {
  assert.equal(table.length, model.size);
  let visited = 0;
  table.forEach(() => {
    visited++;
  });
  assert.equal(visited, model.size);
  for (const [inode, { process, fd }] of model) {
    const entry = table.find(inode);
    assert.deepEqual([table.processOf(entry), table.fdOf(entry)], [process, fd], `inode ${inode}`);
  }
}
