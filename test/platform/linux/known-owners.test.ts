import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GONE, NOT_A_SOCKET } from '../../../src/platform/linux/fd-links.ts';
import { KnownOwners } from '../../../src/platform/linux/known-owners.ts';
import { NO_ENTRY, NOT_FOUND, PENDING } from '../../../src/platform/linux/owner-table.ts';

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
const anyRun = fc.array(fc.array(anyEvent, { maxLength: 15 }), { minLength: 1, maxLength: 8 });

describe('KnownOwners', () => {
  it('keeps its accounts and both sides of its memory in step, whatever happens', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const world = createWorld();
        for (const events of run) {
          world.scrape();
          assertInStep(world);
          for (const event of events) {
            world.happen(event);
            assertInStep(world);
          }
        }
        world.scrape();
        world.lookAtAll();
        world.lookAtAll(); // a second time: what was closed in one process may have been seen in another before
        assertInStep(world);
        assert.equal(world.known.pending, world.orphans().length);
        for (const [inode, oldest] of world.holders())
          assert.equal(world.known.processes.at(ownerOf(world.known, inode))?.pid, oldest, `socket ${inode}`);
      }),
    );
  });

  it('gives up only what has waited since the search began', () => {
    const known = new KnownOwners();
    scrapeOf(known, [101]);
    const began = known.generation;
    scrapeOf(known, [101, 102]);
    assert.deepEqual([known.pending, known.overdue], [2, 1]);
    known.giveUp(began);
    assert.deepEqual([ownerOf(known, 101), ownerOf(known, 102)], [NOT_FOUND, PENDING]);
    assert.deepEqual([known.pending, known.overdue], [1, 0]);
    scrapeOf(known, [101, 102]);
    assert.deepEqual([known.pending, known.overdue], [1, 1], 'what was given up is not looked for again');
  });

  it('does not give up what lost its owner while the search was under way', () => {
    const known = new KnownOwners();
    const slot = enter(known, 7, 1);
    scrapeOf(known, [101]);
    known.observe(slot, 3, 101);
    scrapeOf(known, [101]);
    known.observe(slot, 3, GONE);
    known.giveUp(known.generation);
    assert.deepEqual([ownerOf(known, 101), known.pending], [PENDING, 1]);
    scrapeOf(known, [101]);
    known.giveUp(known.generation);
    assert.deepEqual([ownerOf(known, 101), known.pending, known.overdue], [NOT_FOUND, 0, 0]);
  });

  it('finds what was given up when it is seen after all', () => {
    const known = new KnownOwners();
    const slot = enter(known, 7, 1);
    scrapeOf(known, [101]);
    known.giveUp(known.generation);
    assert.equal(known.isChanged, false);
    known.observe(slot, 3, 101);
    assert.deepEqual([ownerOf(known, 101), known.pending, known.isChanged], [slot, 0, true]);
  });

  it('prefers the oldest process, and init only where nobody else has it', () => {
    const known = new KnownOwners();
    const [init, systemd, old, young] = [
      enter(known, 1, 0),
      enter(known, 50, 1, 'systemd'),
      enter(known, 900, 5),
      enter(known, 60, 6),
    ];
    scrapeOf(known, [101]);
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

  it('counts a socket of several rows once', () => {
    const known = new KnownOwners();
    scrapeOf(known, [101, 101, 102, 101]);
    assert.deepEqual([known.pending, known.overdue, known.sockets.length], [2, 0, 2]);
    scrapeOf(known, [101, 102, 102]);
    assert.deepEqual([known.pending, known.overdue, known.sockets.length], [2, 2, 2]);
    scrapeOf(known, [102]);
    assert.deepEqual([known.pending, known.overdue, known.sockets.length], [1, 1, 1]);
  });

  it('has no entry for inodes that stand for something else', () => {
    const known = new KnownOwners();
    known.begin();
    assert.deepEqual(
      [-1, -2, 0].map((inode) => known.note(inode, NO_ENTRY)),
      [NOT_FOUND, NOT_FOUND, NOT_FOUND],
    );
    known.dropUnseen();
    assert.deepEqual([known.pending, known.sockets.length], [0, 0]);
  });
});

type Happening = typeof anyEvent extends fc.Arbitrary<infer Value> ? Value : never;
type World = ReturnType<typeof createWorld>;

/** Processes 2 to 5 with their descriptors, and a KnownOwners that learns of them only by what it is shown. */
function createWorld() {
  const known = new KnownOwners();
  const fds = new Map<number, number[]>();
  const starts = new Map<number, number>();
  const shown = new Set<number>();
  let clock = 0;
  for (let pid = 2; pid <= 5; pid++) begin(pid);
  return { known, fds, shown, scrape, happen, lookAtAll, holders, orphans };

  function begin(pid: number): void {
    fds.set(pid, Array<number>(MOST_FDS).fill(GONE));
    starts.set(pid, ++clock);
  }

  function scrape(): void {
    for (const [pid, startTime] of starts) enter(known, pid, startTime);
    shown.clear();
    for (const held of fds.values()) for (const inode of held) if (inode > FILE) shown.add(inode);
    shown.add(112); // nobody needs to have it
    scrapeOf(known, [...shown]);
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

function scrapeOf(known: KnownOwners, inodes: readonly number[]): void {
  known.begin();
  for (const inode of inodes) known.note(inode, NO_ENTRY);
  known.dropUnseen();
}

function ownerOf(known: KnownOwners, inode: number): number {
  return known.sockets.processOf(known.sockets.find(inode));
}
