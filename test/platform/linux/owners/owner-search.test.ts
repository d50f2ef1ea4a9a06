import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NOT_A_SOCKET } from '../../../../src/platform/linux/owners/fd-links.ts';
import { NOT_FOUND, PENDING } from '../../../../src/platform/linux/owners/owner-table.ts';
import { anyEvent, createSearchedHost, UNIX_SOCKET } from './searched-host.ts';

const MANY = 3000;
/** Links per scrape that only verify what is known, whatever else there is to do; see LEAST_CHECKS. */
const CHECKS = 600;

describe('createOwnerSearch', () => {
  it('finds everything at once, reading each link once', () => {
    const host = createSearchedHost();
    host.start(10, 'a', 101, 102, NOT_A_SOCKET);
    host.start(11, 'b', 103);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 10, 102: 10, 103: 11 });
    assert.equal(host.openFolders(), 0);
  });

  it('looks for new sockets at free descriptors, not at known ones', () => {
    const host = createSearchedHost();
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
    const host = createSearchedHost();
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
    const host = createSearchedHost();
    const giver = host.start(10, 'giver', 101);
    const taker = host.start(11, 'taker');
    host.scrape();
    taker.fds.set(0, 101);
    giver.fds.set(0, 102);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 11, 102: 10 });
  });

  it('follows at once what a large process has handed on', () => {
    const host = createSearchedHost();
    const giver = host.start(10, 'giver', ...inodes(1000, MANY), UNIX_SOCKET);
    const taker = host.start(11, 'taker', ...inodes(10_000, MANY));
    host.scrape();
    giver.fds.delete(5);
    taker.fds.set(MANY, 1005);
    host.scrape();
    assert.deepEqual([host.ownerPids()[1005], host.known.news.length > 0], [11, true]);
  });

  it('gives what a process leaves behind to a large one that has it too, at once', () => {
    const host = createSearchedHost();
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
    const host = createSearchedHost();
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

  it('verifies a small process at once while large ones lose descriptors all the time', () => {
    const host = createSearchedHost();
    host.startFillers();
    const busy = [10, 11, 12].map((pid) => host.start(pid, `busy ${pid}`, ...inodes(pid * 10_000, 5 * MANY)));
    const giver = host.start(1000, 'giver', 101, 102, 103);
    const taker = host.start(1001, 'taker');
    host.scrape();
    for (const [fd, inode] of [101, 102, 103].entries()) {
      for (const process of busy) process.fds.delete(fd);
      giver.fds.delete(fd);
      taker.fds.set(fd, inode);
      host.scrape();
      assert.equal(host.ownerPids()[inode], 1001);
    }
  });

  it('finds among many the process that took the number of a socket it handed on for another', () => {
    const host = createSearchedHost();
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
      const host = createSearchedHost({ kernelCounts });
      host.startFillers();
      const large = host.start(1000, 'a', ...Array.from({ length: MANY }, () => NOT_A_SOCKET));
      host.scrape();
      large.fds.set(MANY, 77);
      host.scrape();
      assert.equal(host.ownerPids()[77], 1000);
    });
  }

  it('finds a socket that it saw before the dump did', () => {
    const host = createSearchedHost();
    host.startFillers();
    host.start(1000, 'a', ...inodes(1000, MANY), 77);
    host.tooNew.add(77);
    host.scrape();
    host.tooNew.delete(77);
    host.scrape();
    assert.equal(host.ownerPids()[77], 1000);
  });

  it('opens neither processes without new descriptors nor those closed to it', () => {
    const host = createSearchedHost();
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
    const host = createSearchedHost();
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
    const host = createSearchedHost();
    const large = host.start(10, 'a', ...inodes(1000, MANY));
    host.scrape();
    large.fds.set(5, 5005); // in the place of a socket that was passed to nobody we know
    const lost = 1005;
    host.start(11, 'b').fds.set(9, lost);
    host.scrape();
    assert.equal(host.ownerPids()[5005], undefined);
    host.scrape();
    assert.deepEqual([host.ownerPids()[5005], host.ownerPids()[lost]], [10, undefined], 'it may be closed by now');
    host.scrape({ pause: 1e6 });
    assert.equal(host.ownerPids()[lost], 11, 'it is not');
    host.assertRight();
  });

  it('gives up a socket that no process has, and does not search for it again', () => {
    const host = createSearchedHost();
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
    const host = createSearchedHost();
    host.startFillers();
    host.orphans.add(66);
    host.scrape();
    assert.equal(host.ownerOf(66), NOT_FOUND);
  });

  for (const [linksAtOnce, most] of [
    [undefined, 3],
    [Number.POSITIVE_INFINITY, 1],
  ] as const) {
    it(`finds among 20,000 descriptors of small processes what lost its owner, in ${most} scrapes, whoever has it`, () => {
      const crowd = 25;
      const needed = Array.from({ length: crowd }, (_, place) => {
        const host = createSearchedHost(linksAtOnce === undefined ? {} : { limits: { linksAtOnce } });
        const giver = host.start(10, 'giver', 101);
        for (let pid = 100; pid < 100 + crowd; pid++) host.start(pid, 'small', ...inodes(pid * 1000, 800));
        host.processes.get(100 + place)!.fds.set(900, 101); // what an older process has too is not looked at again
        host.orphans.add(66);
        for (let before = 0; before < 6; before++) host.scrape(); // all are searched, and not again soon
        assert.equal(host.ownerOf(66), NOT_FOUND);
        host.end(giver);
        let scrapes = 0;
        for (; host.ownerPids()[101] !== 100 + place; scrapes++) {
          assert.ok(scrapes < most, `not found after ${scrapes} scrapes`);
          host.scrape();
        }
        return scrapes;
      });
      assert.deepEqual([Math.min(...needed), Math.max(...needed)], [1, most]);
    });
  }

  it('pauses after a search of all processes, however many sockets nobody has', () => {
    const host = createSearchedHost();
    host.start(10, 'a', ...inodes(1000, MANY));
    for (let round = 0; round < 10; round++) {
      host.orphans.add(60 + round);
      host.scrape();
    }
    assert.ok(host.counts.listed < 8 * MANY, `${host.counts.listed} listed`);
  });

  it('goes on in the next scrape where time ran out, in the middle of a process too', () => {
    const host = createSearchedHost();
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

  it('begins with small processes when there is not time for all', () => {
    const host = createSearchedHost();
    host.start(10, 'large', ...inodes(1000, MANY));
    host.start(11, 'small', 101, 102);
    host.scrape({ mostLinks: 500 });
    assert.deepEqual([host.ownerPids()[101], host.ownerPids()[102]], [11, 11]);
    assert.ok(host.known.pending > 0);
  });

  it('goes on with the others when a process ends before its turn comes', () => {
    const host = createSearchedHost();
    const [large, larger] = [
      host.start(10, 'large', ...inodes(1000, MANY)),
      host.start(11, 'larger', ...inodes(10_000, MANY + 1)),
    ];
    host.scrape({ mostLinks: 500 });
    host.end(large);
    host.end(larger);
    host.start(12, 'next', 101);
    host.scrape();
    host.start(13, 'last', 102);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 12, 102: 13 });
  });

  it('knows a process that has the pid of another for a new one', () => {
    const host = createSearchedHost();
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
    const host = createSearchedHost();
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
    const anyBatch = fc.record({
      events: fc.array(anyEvent, { maxLength: 12 }),
      mostLinks: fc.constantFrom(0, 3, 10, Number.POSITIVE_INFINITY),
      isFullRecount: fc.boolean(),
      /** Sockets of which the kernel says, rightly or not, that they have ended. */
      ended: fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(anyBatch, { maxLength: 12 }),
        fc.boolean(),
        fc.boolean(),
        (run, kernelCounts, readsTogether) => {
          const host = createSearchedHost({ kernelCounts, readsTogether });
          for (const { events, mostLinks, isFullRecount, ended } of run) {
            host.ended.clear();
            for (const inode of ended) host.ended.add(inode);
            for (const event of events) host.happen(event);
            host.scrape({ mostLinks, isFullRecount });
            host.assertNamesHolders();
          }
          for (let quiet = 0; quiet < 4; quiet++) host.scrape();
          host.assertRight();
          assert.equal(host.openFolders(), 0);
        },
      ),
    );
  });
});

function inodes(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
