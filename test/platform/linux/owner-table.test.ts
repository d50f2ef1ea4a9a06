import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canKeep, NOT_FOUND, OwnerTable, PENDING } from '../../../src/platform/linux/owner-table.ts';

interface Entry {
  process: number;
  fd: number;
  generation: number;
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
const anyOwner = fc.oneof(fc.integer({ min: 0, max: 2 ** 30 - 1 }), fc.constantFrom(PENDING, NOT_FOUND));
const anyFd = fc.integer({ min: 0, max: 2 ** 31 - 1 });
/** Sockets of one scrape, and to whom some of them are given in it. */
const anyScrape = fc.record({
  seen: fc.array(anyInode, { maxLength: 80 }),
  given: fc.array(fc.tuple(anyInode, anyOwner, anyFd), { maxLength: 20 }),
});

describe('OwnerTable', () => {
  for (const nth of [1, 2]) {
    it(`stays whole when array ${nth} of a larger table cannot be had`, (t) => {
      const table = new OwnerTable();
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
      let added = 0;
      const addAll = () => {
        while (added < 2000) {
          table.add(added + 1, 1, added);
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

  it('holds what a Map would, from scrape to scrape', () => {
    fc.assert(
      fc.property(fc.array(anyScrape, { maxLength: 8 }), (scrapes) => {
        const table = new OwnerTable();
        const model = new Map<number, Entry>();
        for (const [index, { seen, given }] of scrapes.entries()) {
          const generation = index + 1;
          for (const inode of seen) note(table, model, inode, generation);
          assert.deepEqual(sweep(table, generation), sweepModel(model, generation));
          for (const [inode, process, fd] of given) {
            const entry = table.find(inode);
            assert.equal(entry >= 0, model.has(inode));
            if (entry < 0) continue;
            table.setOwner(entry, process, fd);
            Object.assign(model.get(inode)!, { process, fd });
          }
          assertSame(table, model);
        }
      }),
    );
  });

  it('grows to many entries and shrinks again, losing none', () => {
    const table = new OwnerTable();
    const model = new Map<number, Entry>();
    const sizes = [50_000, 49_000, 200, 3, 20_000, 0, 10];
    for (const [index, size] of sizes.entries()) {
      for (let inode = 1; inode <= size; inode++) note(table, model, inode * 7, index + 1);
      assert.equal(sweep(table, index + 1).length, sweepModel(model, index + 1).length);
      assertSame(table, model);
    }
  });

  it('keeps no number that stands for something else', () => {
    assert.deepEqual([0, -1, -2, -3, 1, 2 ** 31 - 1, -(2 ** 31)].map(canKeep), [
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

function note(table: OwnerTable, model: Map<number, Entry>, inode: number, generation: number): void {
  const known = model.get(inode);
  const entry = table.find(inode);
  assert.equal(entry >= 0, known !== undefined, `inode ${inode}`);
  if (known === undefined) {
    assert.equal(table.processOf(table.add(inode, generation, 5)), PENDING);
    model.set(inode, { process: PENDING, fd: 5, generation });
  } else {
    assert.equal(table.see(entry, generation), known.generation !== generation);
    known.generation = generation;
  }
}

function sweep(table: OwnerTable, generation: number): string[] {
  const dropped: string[] = [];
  table.sweep(generation, (process, fd) => dropped.push(`${process} ${fd}`));
  return dropped.sort();
}

function sweepModel(model: Map<number, Entry>, generation: number): string[] {
  const unseen = [...model].filter(([, entry]) => entry.generation !== generation);
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
