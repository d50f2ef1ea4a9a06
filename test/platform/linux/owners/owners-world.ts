import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GONE, NOT_A_SOCKET } from '../../../../src/platform/linux/owners/fd-links.ts';
import { KnownOwners } from '../../../../src/platform/linux/owners/known-owners.ts';
import { PENDING } from '../../../../src/platform/linux/owners/owner-table.ts';
import { identityOf } from './identity-of.ts';

const MOST_FDS = 6;
const FILE = 0;

const anyPid = fc.integer({ min: 2, max: 5 });
const anyFd = fc.nat(MOST_FDS - 1);
const anyInode = fc.integer({ min: 100, max: 112 });
/**
 * What happens to the processes between and during scrapes. `look` is the resolver reading one link, `ask` the kernel
 * saying that a socket is there or has ended, rightly or not.
 */
const anyEvent = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), pid: anyPid, fd: anyFd, inode: anyInode }),
  fc.record({ kind: fc.constant('file' as const), pid: anyPid, fd: anyFd }),
  fc.record({ kind: fc.constant('close' as const), pid: anyPid, fd: anyFd }),
  fc.record({ kind: fc.constant('replace' as const), pid: anyPid }),
  fc.record({ kind: fc.constant('look' as const), pid: anyPid, fd: anyFd }),
  fc.record({ kind: fc.constant('ask' as const), inode: anyInode, isThere: fc.boolean() }),
);
/** Inodes that a dump shows in two rows, and inodes with a row that changed its state since the last one. */
const anyDump = fc.record({
  isFullRecount: fc.boolean(),
  doubled: fc.uniqueArray(anyInode, { maxLength: 4 }),
  restless: fc.uniqueArray(anyInode, { maxLength: 4 }),
});
const anyRound = fc.record({ dump: anyDump, events: fc.array(anyEvent, { maxLength: 15 }) });
export const anyRun = fc.array(anyRound, { minLength: 1, maxLength: 8 });
export const QUIET = { isFullRecount: false, doubled: [], restless: [] };

type Happening = typeof anyEvent extends fc.Arbitrary<infer Value> ? Value : never;
type Dump = typeof anyDump extends fc.Arbitrary<infer Value> ? Value : never;
type World = ReturnType<typeof createWorld>;

/** Processes 2 to 5 with their descriptors, and a KnownOwners that learns of them only by what it is shown. */
export function createWorld() {
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

  function scrape({ isFullRecount, doubled, restless }: Dump): void {
    for (const [pid, startTime] of starts) enter(known, pid, startTime);
    shownBefore = new Set(shown);
    shown.clear();
    for (const held of fds.values()) for (const inode of held) if (inode > FILE) shown.add(inode);
    shown.add(112); // nobody needs to have it
    scrapes.scrape([...shown, ...doubled.filter((inode) => shown.has(inode))], isFullRecount, restless);
  }

  /** Sockets without an owner that were there before. */
  function longPending(): number {
    return [...shown].filter((inode) => shownBefore.has(inode) && ownerOf(known, inode) === PENDING).length;
  }

  function happen(event: Happening): void {
    if (event.kind === 'ask') {
      if (!known.inodesToLookUp(Number.POSITIVE_INFINITY).has(event.inode)) return;
      if (!event.isThere) known.end(event.inode);
      else known.seek(event.inode);
      return;
    }
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

export function assertInStep({ known, shown }: World): void {
  const { sockets, processes } = known;
  let pending = 0;
  let lost = 0;
  const owned = new Set<string>();
  assert.equal(sockets.length, shown.size);
  for (const inode of shown) {
    const entry = sockets.find(inode);
    const slot = sockets.processOf(entry);
    if (slot === PENDING) pending++;
    if (slot === PENDING && known.lostOwnerThisScrape(entry)) lost++;
    if (slot < 0) continue;
    owned.add(`${slot} ${sockets.fdOf(entry)}`);
    assert.equal(processes.at(slot)!.held.get(sockets.fdOf(entry)), inode);
  }
  assert.deepEqual([known.pending, known.lost, known.sought], [pending, lost, pending - lost]);
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

export function enter(known: KnownOwners, pid: number, startTime: number, name = `p${pid}`): number {
  return known.processes.enter(pid, identityOf({ startTime, name, folder: String(pid) }));
}

/** Scrapes told as the rows they show: all of them, or (as after the first) how they differ from the last ones. */
export function createScrapes() {
  const known = new KnownOwners();
  let before: readonly number[] = [];
  return { known, scrape };

  /** `restless`: rows that changed their state; they leave and come. */
  function scrape(
    rows: readonly number[],
    isFullRecount = known.generation === 0,
    restless: readonly number[] = [],
  ): void {
    const kept = rowsInBoth(before, rows).filter((inode) => !restless.includes(inode));
    known.begin(isFullRecount);
    for (const inode of isFullRecount ? rows : without(rows, kept)) known.note(inode);
    if (isFullRecount) known.dropUnseen();
    else for (const inode of without(before, kept)) known.release(inode);
    known.awaitShownAgain();
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

export function ownerOf(known: KnownOwners, inode: number): number {
  return known.sockets.processOf(known.sockets.find(inode));
}
