import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GONE, NOT_A_SOCKET } from '../../../../src/platform/linux/owners/fd-links.ts';
import { UNKNOWN } from '../../../../src/platform/linux/owners/held-fds.ts';
import { KnownOwners } from '../../../../src/platform/linux/owners/known-owners.ts';
import { NO_ENTRY, NOT_FOUND, PENDING } from '../../../../src/platform/linux/owners/owner-table.ts';

const MOST_FDS = 6;
const FILE = 0;

const anyPid = fc.integer({ min: 2, max: 5 });
const anyFd = fc.nat(MOST_FDS - 1);
const anyInode = fc.integer({ min: 100, max: 112 });
/** What happens to the processes between and during scrapes. `look` is the resolver reading one link. */
const anyEvent = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), pid: anyPid, fd: anyFd, inode: anyInode }),
  fc.record({ kind: fc.constant('file' as const), pid: anyPid, fd: anyFd }),
  fc.record({ kind: fc.constant('close' as const), pid: anyPid, fd: anyFd }),
  fc.record({ kind: fc.constant('replace' as const), pid: anyPid }),
  fc.record({ kind: fc.constant('look' as const), pid: anyPid, fd: anyFd }),
);
/** Inodes that a dump shows in two rows, and inodes with a row that changed its state since the last one. */
const anyDump = fc.record({
  isFresh: fc.boolean(),
  doubled: fc.uniqueArray(anyInode, { maxLength: 4 }),
  restless: fc.uniqueArray(anyInode, { maxLength: 4 }),
});
const anyRound = fc.record({ dump: anyDump, events: fc.array(anyEvent, { maxLength: 15 }) });
const anyRun = fc.array(anyRound, { minLength: 1, maxLength: 8 });
const QUIET = { isFresh: false, doubled: [], restless: [] };

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
      const hadNews = known.hasNews;
      work();
      return [hadNews, known.hasNews];
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
    assert.deepEqual([known.hasNews, known.pending, known.overdue, known.sockets.length], [false, 0, 0, 0]);
  });

  it('says of a socket without an owner whether it was lost in this scrape', () => {
    const { known, scrape } = createScrapes();
    const slot = enter(known, 7, 1);
    const hasJustLost = () => [101, 102].map((inode) => known.hasJustLost(known.entryOf(inode)));
    scrape([101, 102]);
    assert.deepEqual(hasJustLost(), [false, false], 'they had none');
    known.observe(slot, 3, 101);
    known.observe(slot, 4, 102);
    scrape([101, 102]);
    known.observe(slot, 3, GONE);
    assert.equal(known.hasJustLost(known.entryOf(101)), true);
    known.processes.keepOnly(new Set());
    scrape([101, 102]);
    assert.deepEqual(hasJustLost(), [false, false], 'one scrape ago, and before the dump');
    assert.deepEqual([known.pending, known.overdue], [2, 2]);
  });

  it('finds what was given up when it is seen after all', () => {
    const { known, scrape } = createScrapes();
    const slot = enter(known, 7, 1);
    scrape([101]);
    known.giveUp(known.generation);
    assert.equal(known.hasNews, false);
    known.observe(slot, 3, 101);
    assert.deepEqual([ownerOf(known, 101), known.pending, known.hasNews], [slot, 0, true]);
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

  for (const isFresh of [true, false]) {
    it(`counts a socket of several rows once, all rows being told or the difference (${isFresh})`, () => {
      const { known, scrape } = createScrapes();
      const counts = () => [known.pending, known.overdue, known.sockets.length];
      scrape([101, 101, 102, 101]);
      assert.deepEqual(counts(), [2, 0, 2]);
      scrape([101, 102, 102], isFresh);
      assert.deepEqual(counts(), [2, 2, 2]);
      scrape([102], isFresh);
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
    assert.deepEqual([ownerOf(known, 101), known.pending, known.hasNews], [slot, 0, false]);
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
      assert.deepEqual([known.entryOf(inode), known.ownerAt(NO_ENTRY)], [NO_ENTRY, NOT_FOUND]);
      known.release(inode);
    }
    assert.deepEqual([known.pending, known.sockets.length], [0, 0]);
  });
});

type Happening = typeof anyEvent extends fc.Arbitrary<infer Value> ? Value : never;
type Dump = typeof anyDump extends fc.Arbitrary<infer Value> ? Value : never;
type World = ReturnType<typeof createWorld>;

/** Processes 2 to 5 with their descriptors, and a KnownOwners that learns of them only by what it is shown. */
function createWorld() {
  const scrapes = createScrapes();
  const { known } = scrapes;
  const fds = new Map<number, number[]>();
  const starts = new Map<number, number>();
  const shown = new Set<number>();
  let shownBefore = new Set<number>();
  let clock = 0;
  for (let pid = 2; pid <= 5; pid++) begin(pid);
  return { known, fds, shown, scrape, happen, lookAtAll, holders, orphans, longPending };

  function begin(pid: number): void {
    fds.set(pid, Array<number>(MOST_FDS).fill(GONE));
    starts.set(pid, ++clock);
  }

  function scrape({ isFresh, doubled, restless }: Dump): void {
    for (const [pid, startTime] of starts) enter(known, pid, startTime);
    shownBefore = new Set(shown);
    shown.clear();
    for (const held of fds.values()) for (const inode of held) if (inode > FILE) shown.add(inode);
    shown.add(112); // nobody needs to have it
    scrapes.scrape([...shown, ...doubled.filter((inode) => shown.has(inode))], isFresh, restless);
  }

  /** Sockets without an owner that were there before. */
  function longPending(): number {
    return [...shown].filter((inode) => shownBefore.has(inode) && ownerOf(known, inode) === PENDING).length;
  }

  function happen(event: Happening): void {
    const held = fds.get(event.pid)!;
    if (event.kind === 'open') held[event.fd] = event.inode;
    else if (event.kind === 'file') held[event.fd] = NOT_A_SOCKET;
    else if (event.kind === 'close') held[event.fd] = GONE;
    else if (event.kind === 'replace') begin(event.pid);
    else look(event.pid, event.fd);
  }

  function look(pid: number, fd: number): void {
    known.observe(enter(known, pid, starts.get(pid)!), fd, fds.get(pid)![fd]!);
  }

  function lookAtAll(): void {
    for (const pid of fds.keys()) for (let fd = 0; fd < MOST_FDS; fd++) look(pid, fd);
  }

  /** Sockets of the scrape and the oldest process that has each. */
  function holders(): Map<number, number> {
    const oldestFirst = [...starts].sort(([, a], [, b]) => b - a);
    return new Map(
      oldestFirst.flatMap(([pid]) =>
        fds
          .get(pid)!
          .filter((inode) => shown.has(inode))
          .map((inode) => [inode, pid] as const),
      ),
    );
  }

  function orphans(): number[] {
    return [...shown].filter((inode) => !holders().has(inode));
  }
}

function assertInStep({ known, shown }: World): void {
  const { sockets, processes } = known;
  let pending = 0;
  const owned = new Set<string>();
  assert.equal(sockets.length, shown.size);
  for (const inode of shown) {
    const entry = sockets.find(inode);
    const slot = sockets.processOf(entry);
    if (slot === PENDING) pending++;
    if (slot < 0) continue;
    owned.add(`${slot} ${sockets.fdOf(entry)}`);
    assert.equal(processes.at(slot)!.held.get(sockets.fdOf(entry)), inode);
  }
  assert.equal(known.pending, pending);
  assert.ok(known.overdue >= 0 && known.overdue <= pending, `${known.overdue} of ${pending} overdue`);
  for (const [slot, record] of processes.records.entries()) {
    if (record === undefined) continue;
    let held = 0;
    for (let fd = 0; fd < MOST_FDS; fd++) {
      if (record.held.get(fd) <= 0) continue;
      held++;
      assert.ok(owned.has(`${slot} ${fd}`), `descriptor ${fd} of slot ${slot} is nobody's`);
    }
    assert.equal(record.held.sockets, held);
  }
}

function enter(known: KnownOwners, pid: number, startTime: number, name = `p${pid}`): number {
  return known.processes.enter(pid, { startTime, name, folder: String(pid) });
}

/** Scrapes told as the rows they show: all of them, or (as after the first) how they differ from the last ones. */
function createScrapes() {
  const known = new KnownOwners();
  let before: readonly number[] = [];
  return { known, scrape };

  /** `restless`: rows that changed their state; they leave and come. */
  function scrape(rows: readonly number[], isFresh = known.generation === 0, restless: readonly number[] = []): void {
    const kept = rowsInBoth(before, rows).filter((inode) => !restless.includes(inode));
    known.begin(isFresh);
    for (const inode of isFresh ? rows : without(rows, kept)) known.note(inode);
    if (isFresh) known.dropUnseen();
    else for (const inode of without(before, kept)) known.release(inode);
    known.dropDead();
    before = rows;
  }
}

function without(rows: readonly number[], some: readonly number[]): number[] {
  const rest = [...rows];
  for (const inode of some) rest.splice(rest.indexOf(inode), 1);
  return rest;
}

function rowsInBoth(rows: readonly number[], others: readonly number[]): number[] {
  const rest = [...others];
  return rows.filter((inode) => rest.includes(inode) && rest.splice(rest.indexOf(inode), 1).length === 1);
}

function ownerOf(known: KnownOwners, inode: number): number {
  return known.sockets.processOf(known.sockets.find(inode));
}
