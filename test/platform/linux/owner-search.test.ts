import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NOT_A_SOCKET } from '../../../src/platform/linux/fd-links.ts';
import { createFdSearch } from '../../../src/platform/linux/fd-search.ts';
import { KnownOwners } from '../../../src/platform/linux/known-owners.ts';
import { createOwnerSearch } from '../../../src/platform/linux/owner-search.ts';
import { NOT_FOUND, PENDING } from '../../../src/platform/linux/owner-table.ts';
import { createFakeProcesses, type FakeProcess, lowestFree } from './fake-processes.ts';

const MANY = 3000;
const UNIX_SOCKET = 999_999;
const FILLERS = 200;
/** Links per scrape that only verify what is known, whatever else there is to do; see LEAST_CHECKS. */
const CHECKS = 600;

describe('createOwnerSearch', () => {
  it('finds everything at once, reading each link once', () => {
    const host = createHost();
    host.start(10, 'a', 101, 102, NOT_A_SOCKET);
    host.start(11, 'b', 103);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 10, 102: 10, 103: 11 });
    assert.equal(host.openFolders(), 0);
  });

  it('looks for new sockets at free descriptors, not at known ones', () => {
    const host = createHost();
    const [one, two] = [host.start(10, 'a', ...inodes(1000, MANY)), host.start(11, 'b', ...inodes(10_000, MANY))];
    host.scrape();
    for (let round = 0; round < 5; round++) {
      const before = host.counts.links;
      for (const process of [one, two]) {
        const victims = [...process.fds.keys()].filter((fd) => fd % 20 === round);
        for (const fd of victims) process.fds.delete(fd);
        for (const fd of victims) process.fds.set(fd, 100_000 * (round + 1) + process.pid * 10_000 + fd);
      }
      host.scrape();
      assert.equal(host.known.pending, 0);
      const read = host.counts.links - before;
      assert.ok(read >= 300 && read < 300 + CHECKS, `${read} links for 300 new sockets`);
      host.assertRight();
    }
  });

  it('reads no more than it may in vain where many descriptors are free', () => {
    const host = createHost();
    const shrunk = host.start(10, 'a', ...inodes(1000, MANY));
    host.scrape();
    for (let fd = 0; fd < MANY - 1; fd++) shrunk.fds.delete(fd);
    host.scrape();
    const before = host.counts.links;
    shrunk.fds.set(MANY + 100, 77); // above the highest one: nobody would look there
    host.scrape();
    assert.ok(host.counts.links - before < 300 + CHECKS);
  });

  it('sees a passed descriptor at its receiver while the giver’s number holds another socket', () => {
    const host = createHost();
    const giver = host.start(10, 'giver', 101);
    const taker = host.start(11, 'taker');
    host.scrape();
    taker.fds.set(0, 101);
    giver.fds.set(0, 102);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 11, 102: 10 });
  });

  it('follows at once what a large process has handed on', () => {
    const host = createHost();
    const giver = host.start(10, 'giver', ...inodes(1000, MANY), UNIX_SOCKET);
    const taker = host.start(11, 'taker', ...inodes(10_000, MANY));
    host.scrape();
    giver.fds.delete(5);
    taker.fds.set(MANY, 1005);
    host.scrape();
    assert.deepEqual([host.ownerPids()[1005], host.known.isChanged], [11, true]);
  });

  it('gives what a process leaves behind to a large one that has it too, at once', () => {
    const host = createHost();
    const parent = host.start(10, 'parent', ...inodes(1000, MANY));
    host.start(11, 'child', ...inodes(1000, MANY));
    host.scrape();
    assert.equal(host.ownerPids()[1005], 10);
    host.end(parent);
    host.scrape();
    assert.equal(host.ownerPids()[1005], 11);
    host.assertRight();
  });

  it('verifies a small process that has lost a descriptor', () => {
    const host = createHost();
    host.startFillers();
    const giver = host.start(1000, 'giver', 101, 102, 103);
    const taker = host.start(1001, 'taker');
    host.scrape();
    giver.fds.delete(1);
    giver.fds.set(0, NOT_A_SOCKET);
    taker.fds.set(0, 101).set(1, 102);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 1001, 102: 1001, 103: 1000 });
  });

  it('finds among many the process that took the number of a socket it handed on for another', () => {
    const host = createHost();
    host.startFillers();
    const giver = host.start(1000, 'giver', 101);
    host.start(1001, 'taker').fds.set(0, 101);
    host.scrape();
    giver.fds.set(0, 102);
    host.scrape();
    assert.equal(host.ownerPids()[102], 1000);
  });

  for (const kernelCounts of [true, false]) {
    it(`finds the first socket of a large process, the kernel counting descriptors or not (${kernelCounts})`, () => {
      const host = createHost({ kernelCounts });
      host.startFillers();
      const large = host.start(1000, 'a', ...Array.from({ length: MANY }, () => NOT_A_SOCKET));
      host.scrape();
      large.fds.set(MANY, 77);
      host.scrape();
      assert.equal(host.ownerPids()[77], 1000);
    });
  }

  it('finds a socket that it saw before the dump did', () => {
    const host = createHost();
    host.startFillers();
    host.start(1000, 'a', ...inodes(1000, MANY), 77);
    host.tooNew.add(77);
    host.scrape();
    host.tooNew.delete(77);
    host.scrape();
    assert.equal(host.ownerPids()[77], 1000);
  });

  it('opens neither processes without new descriptors nor those closed to it', () => {
    const host = createHost();
    host.startFillers();
    for (let pid = 500; pid < 600; pid++) host.start(pid, 'closed', pid).isDenied = true;
    const server = host.start(1000, 'server', NOT_A_SOCKET);
    host.scrape();
    const before = host.counts.folders;
    server.fds.set(1, 102);
    host.scrape();
    assert.equal(host.ownerPids()[102], 1000);
    assert.ok(host.counts.folders - before < 1 + CHECKS / 5, `${host.counts.folders - before} opened`);
  });

  it('gives a socket to who was seen with it when its owner is closed to us', () => {
    const host = createHost();
    const giver = host.start(10, 'giver', 101);
    const taker = host.start(11, 'taker');
    host.scrape();
    giver.isDenied = true;
    giver.fds.clear();
    taker.fds.set(0, 101);
    host.scrape();
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 11 });
  });

  it('searches all of a large process when one scrape did not find its socket', () => {
    const host = createHost();
    const large = host.start(10, 'a', ...inodes(1000, MANY));
    host.scrape();
    large.fds.set(5, 5005); // in the place of a socket that was passed to nobody we know
    const lost = 1005;
    host.start(11, 'b').fds.set(9, lost);
    host.scrape();
    assert.equal(host.ownerPids()[5005], undefined);
    host.scrape();
    assert.deepEqual([host.ownerPids()[5005], host.ownerPids()[lost]], [10, 11]);
    host.assertRight();
  });

  it('gives up a socket that no process has, and does not search for it again', () => {
    const host = createHost();
    host.start(10, 'a', ...inodes(1000, MANY));
    host.orphans.add(66);
    host.scrape();
    assert.equal(host.ownerOf(66), PENDING);
    host.scrape();
    assert.equal(host.ownerOf(66), NOT_FOUND);
    const before = host.counts.links;
    host.scrape();
    assert.ok(host.counts.links - before <= CHECKS);
  });

  it('gives it up at once where all processes are small', () => {
    const host = createHost();
    host.startFillers();
    host.orphans.add(66);
    host.scrape();
    assert.equal(host.ownerOf(66), NOT_FOUND);
  });

  it('pauses after a search of all processes, however many sockets nobody has', () => {
    const host = createHost();
    host.start(10, 'a', ...inodes(1000, MANY));
    for (let round = 0; round < 10; round++) {
      host.orphans.add(60 + round);
      host.scrape();
    }
    assert.ok(host.counts.listed < 8 * MANY, `${host.counts.listed} listed`);
  });

  it('goes on in the next scrape where time ran out, in the middle of a process too', () => {
    const host = createHost();
    host.start(10, 'a', ...inodes(1000, MANY));
    host.start(11, 'b', ...inodes(10_000, MANY));
    let found = 0;
    for (let round = 0; found < 2 * MANY; round++) {
      assert.ok(round < 100, `${found} found after ${round} scrapes`);
      host.scrape({ mostLinks: 500 });
      const now = Object.keys(host.ownerPids()).length;
      assert.ok(now > found && now < found + 700, `${now} after ${found}`);
      found = now;
    }
    assert.ok(host.counts.links < 2 * MANY + 500, 'nothing twice');
    assert.ok(host.counts.listed < 2.5 * MANY, `${host.counts.listed} listed`);
  });

  it('knows a process that has the pid of another for a new one', () => {
    const host = createHost();
    const keeper = host.start(9, 'keeper');
    const first = host.start(10, 'first', 101, 102);
    host.scrape();
    host.end(first);
    keeper.fds.set(4, 101);
    host.start(10, 'second', 103);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 9, 103: 10 });
  });

  it('marks processes whose descriptors are closed to it, and finds what opens', () => {
    const host = createHost();
    const closed = host.start(10, 'a', 101);
    closed.isDenied = true;
    host.scrape();
    assert.equal(host.known.processes.hasDenied(), true);
    closed.isDenied = false;
    host.scrape();
    host.scrape();
    assert.deepEqual([host.ownerPids(), host.known.processes.hasDenied()], [{ 101: 10 }, false]);
  });

  it('is right about every socket after some quiet scrapes, whatever happened before', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyEvent, { maxLength: 12 }), { maxLength: 12 }), fc.boolean(), (run, counts) => {
        const host = createHost({ kernelCounts: counts });
        for (const events of run) {
          for (const event of events) host.happen(event);
          host.scrape();
          host.assertNamesHolders();
        }
        for (let quiet = 0; quiet < 4; quiet++) host.scrape();
        host.assertRight();
        assert.equal(host.openFolders(), 0);
      }),
    );
  });
});

const anyPid = fc.integer({ min: 1, max: 6 });
const anyEvent = fc.record({
  kind: fc.constantFrom('start', 'fork', 'end', 'open', 'file', 'close', 'pass', 'move', 'deny'),
  pid: anyPid,
  other: anyPid,
  nth: fc.nat(5),
});
type Event = typeof anyEvent extends fc.Arbitrary<infer Value> ? Value : never;

function inodes(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/** A fake host with a search on it. The dump shows every socket that a process holds. */
function createHost({ kernelCounts = true } = {}) {
  const world = createFakeProcesses();
  const known = new KnownOwners();
  const fds = createFdSearch(known, world.links, world.readIdentity);
  const countFds = kernelCounts ? world.countFds : () => -1;
  const search = createOwnerSearch(known, { fds, readIdentity: world.readIdentity, countFds });
  /** Sockets of the dump that no process holds, and sockets that are missing in it. */
  const orphans = new Set<number>();
  const tooNew = new Set([UNIX_SOCKET]);
  let nextInode = 1;

  return {
    ...world,
    known,
    orphans,
    tooNew,
    startFillers,
    scrape,
    ownerOf,
    ownerPids,
    assertRight,
    assertNamesHolders,
    happen,
  };

  /** So many processes that verifying some of what is known does not come to those that start later. */
  function startFillers(): void {
    for (let pid = 100; pid < 100 + FILLERS; pid++) world.start(pid, 'filler', NOT_A_SOCKET);
  }

  /** Time passes by links that are read. */
  function scrape({ mostLinks = Number.POSITIVE_INFINITY } = {}): void {
    const pids = [...world.processes.keys()];
    known.processes.keepOnly(new Set(pids));
    for (const [slot, record] of known.processes.records.entries())
      if (record?.isAlive) known.processes.update(slot, world.readIdentity(record.pid)); // as owners.ts does
    known.begin();
    for (const inode of new Set([...holders().keys(), ...orphans])) if (!tooNew.has(inode)) known.note(inode);
    known.dropUnseen();
    search(pids, () => world.counts.links, world.counts.links + mostLinks);
    assert.ok(known.overdue >= 0 && known.overdue <= known.pending);
  }

  function ownerOf(inode: number): number {
    return known.sockets.processOf(known.sockets.find(inode));
  }

  /** Pid of the owner of each socket that has one. */
  function ownerPids(): Record<number, number> {
    const owned = [...holders().keys()].filter((inode) => !tooNew.has(inode) && ownerOf(inode) >= 0);
    return Object.fromEntries(owned.map((inode) => [inode, known.processes.at(ownerOf(inode))!.pid]));
  }

  /** Processes that hold each socket. */
  function holders(): Map<number, FakeProcess[]> {
    const byInode = new Map<number, FakeProcess[]>();
    for (const process of world.processes.values()) {
      for (const inode of new Set(process.fds.values())) {
        if (inode === NOT_A_SOCKET) continue;
        byInode.set(inode, [...(byInode.get(inode) ?? []), process]);
      }
    }
    return byInode;
  }

  /** The oldest holder owns a socket. Where one is closed to us it depends on what was seen before: any holder may, or none. */
  function assertRight(): void {
    for (const [inode, processes] of holders()) {
      const byRank = [...processes].sort(
        (a, b) => Number(a.pid === 1) - Number(b.pid === 1) || a.startTime - b.startTime,
      );
      const ranked: (number | undefined)[] = byRank.map(({ pid }) => pid);
      const allowed = processes.some(({ isDenied }) => isDenied) ? [...ranked, undefined] : ranked.slice(0, 1);
      const slot = ownerOf(inode);
      const pid = slot < 0 ? undefined : known.processes.at(slot)!.pid;
      assert.ok(allowed.includes(pid), `socket ${inode} is ${pid}'s, not ${allowed}'s`);
    }
  }

  /** Even amid changes nothing is attributed to a process that had ended before the scrape began. */
  function assertNamesHolders(): void {
    for (const inode of holders().keys()) {
      const slot = ownerOf(inode);
      if (slot < 0) continue;
      const { pid, startTime } = known.processes.at(slot)!;
      assert.equal(world.processes.get(pid)?.startTime, startTime, `socket ${inode}`);
    }
  }

  function happen({ kind, pid, other, nth }: Event): void {
    const process = world.processes.get(pid);
    if (process === undefined) {
      world.start(pid, `p${pid}`);
      return;
    }
    const fd = [...process.fds.keys()][nth] ?? -1;
    const target = world.processes.get(other);
    if (kind === 'start' || kind === 'end') world.end(process);
    if (kind === 'start') world.start(pid, `p${pid}`);
    if (kind === 'fork' && target === undefined) {
      const child = world.start(other, process.name);
      for (const [number, link] of process.fds) child.fds.set(number, link);
    }
    if (kind === 'open') process.fds.set(lowestFree(process), nextInode++);
    if (kind === 'file') process.fds.set(lowestFree(process), NOT_A_SOCKET);
    if (kind === 'deny') process.isDenied = !process.isDenied;
    if (fd < 0) return;
    if (kind === 'pass' && target !== undefined) target.fds.set(lowestFree(target), process.fds.get(fd)!);
    if (kind === 'move') process.fds.set(fd + 200, process.fds.get(fd)!);
    if (['pass', 'move', 'close'].includes(kind)) process.fds.delete(fd);
  }
}
