import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GONE } from '../../../../src/platform/linux/owners/fd-links.ts';
import { UNKNOWN } from '../../../../src/platform/linux/owners/held-fds.ts';
import { ENDED, NO_ENTRY, NOT_FOUND, PENDING } from '../../../../src/platform/linux/owners/owner-table.ts';
import { anyRun, assertInStep, createScrapes, createWorld, enter, ownerOf, QUIET } from './owners-world.ts';

describe('KnownOwners', () => {
  it('keeps its accounts and both sides of its memory in step, whatever happens', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const world = createWorld();
        for (const { dump, events } of run) {
          world.scrape(dump);
          assertInStep(world);
          assert.equal(world.known.overdue, world.longPending(), 'what the dump before showed too');
          for (const event of events) {
            world.happen(event);
            assertInStep(world);
          }
        }
        world.scrape(QUIET);
        world.lookAtAll();
        world.lookAtAll(); // a second time: what was closed in one process may have been seen in another before
        assertInStep(world);
        assert.equal(world.known.pending, world.orphans().length);
        for (const [inode, oldest] of world.holders())
          assert.equal(world.known.processes.at(ownerOf(world.known, inode))?.pid, oldest, `socket ${inode}`);
      }),
      { numRuns: 300 },
    );
  });

  it('seeks a socket that was said to have ended and is dumped again, and asks for it no more', () => {
    const { known, scrape } = createScrapes();
    scrape([101, 102, 103, 103]);
    assert.deepEqual(known.inodesToLookUp(10), new Set([101, 102]), 'one of two rows may have ended');
    assert.deepEqual(known.inodesToLookUp(1).size, 1);
    known.end(101);
    known.end(102);
    assert.deepEqual([ownerOf(known, 101), known.pending, known.news.length > 0], [ENDED, 1, false]);
    scrape([102, 103, 103]);
    assert.deepEqual([ownerOf(known, 102), known.pending, known.overdue, known.news.length > 0], [PENDING, 2, 2, true]);
    assert.deepEqual(known.inodesToLookUp(10), new Set());
    known.giveUp(known.generation);
    assert.equal(ownerOf(known, 102), NOT_FOUND);
  });

  it('gives a socket that was said to have ended to who is seen with it', () => {
    const { known, scrape } = createScrapes();
    const slot = enter(known, 10, 1);
    scrape([101]);
    known.end(101);
    known.observe(slot, 3, 101);
    assert.deepEqual([ownerOf(known, 101), known.pending, known.news.length > 0], [slot, 0, true]);
    scrape([101]);
    assert.deepEqual([ownerOf(known, 101), known.pending], [slot, 0]);
  });

  it('does not seek what lost its owner before the next dump shows it again', () => {
    const { known, scrape } = createScrapes();
    const slot = enter(known, 10, 1);
    scrape([101, 102]);
    known.observe(slot, 3, 101);
    known.observe(slot, 3, GONE);
    assert.deepEqual([known.pending, known.sought], [2, 1]);
    known.end(101);
    assert.equal(ownerOf(known, 101), PENDING, 'it had its owner when it was dumped');
    scrape([101]);
    assert.deepEqual([known.pending, known.sought, known.overdue], [1, 1, 1]);
  });

  it('seeks at once what lost its owner and is there: it was passed on', () => {
    const { known, scrape } = createScrapes();
    const slot = enter(known, 10, 1);
    scrape([101, 102]);
    known.observe(slot, 3, 101);
    known.observe(slot, 3, GONE);
    assert.deepEqual(known.inodesToLookUp(10), new Set([101, 102]));
    known.seek(101);
    known.seek(102);
    assert.deepEqual([known.pending, known.sought, known.overdue], [2, 2, 1], 'a new one is sought anyway');
    known.observe(slot, 4, 101);
    assert.deepEqual([ownerOf(known, 101), known.pending, known.sought, known.overdue], [slot, 1, 1, 0]);
  });

  it('gives up only what has waited since the search began', () => {
    const { known, scrape } = createScrapes();
    scrape([101]);
    const began = known.generation;
    scrape([101, 102]);
    assert.deepEqual([known.pending, known.overdue], [2, 1]);
    known.giveUp(began);
    assert.deepEqual([ownerOf(known, 101), ownerOf(known, 102)], [NOT_FOUND, PENDING]);
    assert.deepEqual([known.pending, known.overdue], [1, 0]);
    scrape([101, 102]);
    assert.deepEqual([known.pending, known.overdue], [1, 1], 'what was given up is not looked for again');
  });

  it('does not give up what lost its owner while the search was under way', () => {
    const { known, scrape } = createScrapes();
    const slot = enter(known, 7, 1);
    scrape([101]);
    known.observe(slot, 3, 101);
    scrape([101]);
    known.observe(slot, 3, GONE);
    known.giveUp(known.generation);
    assert.deepEqual([ownerOf(known, 101), known.pending], [PENDING, 1]);
    scrape([101]);
    known.giveUp(known.generation);
    assert.deepEqual([ownerOf(known, 101), known.pending, known.overdue], [NOT_FOUND, 0, 0]);
  });

  it('has news when something is found out about a socket that was there before, and not of new ones', () => {
    const { known, scrape } = createScrapes();
    const [old, young] = [enter(known, 7, 1), enter(known, 8, 2)];
    const hasNewsAfter = (work: () => void) => {
      scrape([101, 102, 103]);
      const hadNews = known.news.length > 0;
      work();
      return [hadNews, known.news.length > 0];
    };
    assert.deepEqual(
      hasNewsAfter(() => known.observe(young, 3, 101)),
      [false, false],
      'new, and found at once',
    );
    assert.deepEqual(
      hasNewsAfter(() => known.observe(young, 4, 102)),
      [false, true],
      'found one scrape later',
    );
    assert.deepEqual(
      hasNewsAfter(() => known.giveUp(known.generation)),
      [false, true],
      'given up',
    );
    assert.deepEqual(
      hasNewsAfter(() => known.observe(young, 5, 103)),
      [false, true],
      'found after that',
    );
    assert.deepEqual(
      hasNewsAfter(() => known.observe(old, 3, 101)),
      [false, true],
      'held by an older process',
    );
    assert.deepEqual(
      hasNewsAfter(() => known.observe(young, 3, 101)),
      [false, false],
      'nothing else than before',
    );
    assert.deepEqual(
      hasNewsAfter(() => known.observe(young, 4, GONE)),
      [false, true],
      'closed',
    );
    known.processes.keepOnly(new Set([7]));
    assert.deepEqual(
      hasNewsAfter(() => undefined),
      [true, true],
      'left behind by a process that ended',
    );
  });

  it('has no news when a socket leaves, whether its owner was known or not', () => {
    const { known, scrape } = createScrapes();
    const slot = enter(known, 7, 1);
    scrape([101, 102]);
    known.observe(slot, 3, 101);
    scrape([]);
    assert.deepEqual([known.news.length > 0, known.pending, known.overdue, known.sockets.length], [false, 0, 0, 0]);
  });

  it('says of a socket without an owner whether it was lost in this scrape', () => {
    const { known, scrape } = createScrapes();
    const slot = enter(known, 7, 1);
    const lostOwnerThisScrape = () => [101, 102].map((inode) => known.lostOwnerThisScrape(known.entryOf(inode)));
    scrape([101, 102]);
    assert.deepEqual(lostOwnerThisScrape(), [false, false], 'they had none');
    known.observe(slot, 3, 101);
    known.observe(slot, 4, 102);
    scrape([101, 102]);
    known.observe(slot, 3, GONE);
    assert.equal(known.lostOwnerThisScrape(known.entryOf(101)), true);
    known.processes.keepOnly(new Set());
    scrape([101, 102]);
    assert.deepEqual(lostOwnerThisScrape(), [false, false], 'one scrape ago, and before the dump');
    assert.deepEqual([known.pending, known.overdue], [2, 2]);
  });

  it('finds what was given up when it is seen after all', () => {
    const { known, scrape } = createScrapes();
    const slot = enter(known, 7, 1);
    scrape([101]);
    known.giveUp(known.generation);
    assert.equal(known.news.length > 0, false);
    known.observe(slot, 3, 101);
    assert.deepEqual([ownerOf(known, 101), known.pending, known.news.length > 0], [slot, 0, true]);
  });

  it('prefers the oldest process, and init only where nobody else has it', () => {
    const { known, scrape } = createScrapes();
    const [init, systemd, old, young] = [
      enter(known, 1, 0),
      enter(known, 50, 1, 'systemd'),
      enter(known, 900, 5),
      enter(known, 60, 6),
    ];
    scrape([101]);
    for (const [slot, owner] of [
      [init, init],
      [young, young],
      [init, young],
      [systemd, young],
      [old, old],
      [young, old],
    ] as const) {
      known.observe(slot, 3, 101);
      assert.equal(ownerOf(known, 101), owner);
    }
  });

  for (const isFullRecount of [true, false]) {
    it(`counts a socket of several rows once, all rows being told or the difference (${isFullRecount})`, () => {
      const { known, scrape } = createScrapes();
      const counts = () => [known.pending, known.overdue, known.sockets.length];
      scrape([101, 101, 102, 101]);
      assert.deepEqual(counts(), [2, 0, 2]);
      scrape([101, 102, 102], isFullRecount);
      assert.deepEqual(counts(), [2, 2, 2]);
      scrape([102], isFullRecount);
      assert.deepEqual(counts(), [1, 1, 1]);
    });
  }

  it('knows a socket as long as one of its rows is there, and looks at its descriptor again after that', () => {
    const { known, scrape } = createScrapes();
    const slot = enter(known, 7, 1);
    const { held } = known.processes.at(slot)!;
    scrape([101, 101, 102]);
    known.observe(slot, 3, 101);
    known.observe(slot, 4, 102);
    scrape([101, 102]);
    assert.deepEqual([ownerOf(known, 101), held.get(3)], [slot, 101]);
    scrape([102]);
    assert.deepEqual([known.entryOf(101), held.get(3), held.get(4)], [NO_ENTRY, UNKNOWN, 102]);
    assert.deepEqual([held.sockets, known.sockets.length, known.pending], [1, 1, 0]);
  });

  it('keeps the owner of a socket whose row left and came in one scrape', () => {
    const { known, scrape } = createScrapes();
    const slot = enter(known, 7, 1);
    scrape([101]);
    known.observe(slot, 3, 101);
    known.begin(false);
    assert.equal(known.ownerAt(known.note(101)), slot);
    known.release(101);
    known.dropDead();
    assert.deepEqual([ownerOf(known, 101), known.pending, known.news.length > 0], [slot, 0, false]);
  });

  it('counts no socket as pending that it had no memory for', (t) => {
    const { known, scrape } = createScrapes();
    const inodes = Array.from({ length: 1024 }, (_, index) => 1000 + index);
    scrape(inodes);
    known.begin(true);
    t.mock.method(known.sockets, 'add', () => {
      throw new RangeError('Array buffer allocation failed');
    });
    assert.throws(() => known.note(1), RangeError);
    assert.equal(known.pending, inodes.length);
    scrape(inodes, true);
    assert.deepEqual([known.pending, known.overdue], [inodes.length, inodes.length]);
  });

  it('has no entry for inodes that stand for something else', () => {
    const { known } = createScrapes();
    known.begin(false);
    for (const inode of [-1, -2, 0]) {
      assert.equal(known.note(inode), NO_ENTRY);
      assert.deepEqual([known.entryOf(inode), known.ownerAt(NO_ENTRY)], [NO_ENTRY, PENDING]);
      known.release(inode);
    }
    assert.deepEqual([known.pending, known.sockets.length], [0, 0]);
  });
});
