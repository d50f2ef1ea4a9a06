import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DENIED, DONE, NOT_A_SOCKET } from '../../../../src/platform/linux/owners/fd-links.ts';
import { createFdSearch } from '../../../../src/platform/linux/owners/fd-search.ts';
import { OTHER, UNKNOWN, YOUNG } from '../../../../src/platform/linux/owners/held-fds.ts';
import { KnownOwners } from '../../../../src/platform/linux/owners/known-owners.ts';
import { createFakeProcesses, type FakeProcess } from './fake-processes.ts';

const always = () => true;
const never = () => false;

describe('search', () => {
  it('marks what each descriptor holds, and what was closed since', () => {
    const { world, known, fds, enter, dump, heldOf } = createHost();
    const process = world.start(10, 'a', 101, NOT_A_SOCKET, 555, 102);
    const slot = enter(process);
    dump(101, 102);
    assert.equal(fds.search(slot, 0, false, always), DONE);
    assert.deepEqual(heldOf(slot), [101, OTHER, YOUNG, 102]);
    process.fds.delete(0);
    process.fds.delete(3);
    fds.search(slot, 0, false, always);
    assert.deepEqual([heldOf(slot), known.pending], [[UNKNOWN, OTHER, OTHER], 2]);
  });

  it('reads the links of known sockets only to verify them', () => {
    const { world, fds, enter, dump, heldOf } = createHost();
    const process = world.start(10, 'a', 101, 102, 103);
    const slot = enter(process);
    dump(101, 102, 103);
    fds.search(slot, 0, false, always);
    process.fds.set(1, NOT_A_SOCKET);
    const before = world.counts.links;
    fds.search(slot, 0, false, always);
    assert.deepEqual([world.counts.links - before, heldOf(slot)], [0, [101, 102, 103]]);
    fds.search(slot, 0, true, always);
    assert.deepEqual([world.counts.links - before, heldOf(slot)], [3, [101, OTHER, 103]]);
  });

  it('stops where it may not go on, and goes on there', () => {
    const { world, fds, enter, dump, heldOf } = createHost();
    const inodes = Array.from({ length: 500 }, (_, index) => 1000 + index);
    const slot = enter(world.start(10, 'a', ...inodes));
    dump(...inodes);
    const stop = fds.search(slot, 0, false, never);
    assert.ok(stop > 0 && stop < 100, `stopped at ${stop}`);
    assert.equal(heldOf(slot).length, stop);
    assert.equal(fds.search(slot, stop, false, always), DONE);
    assert.deepEqual(heldOf(slot), inodes);
    assert.equal(world.counts.links, inodes.length);
  });

  it('takes nothing from a process that has the pid of the one on record', () => {
    const { world, known, fds, enter, dump, heldOf } = createHost();
    const first = world.start(10, 'first', 101);
    const slot = enter(first);
    dump(101, 102);
    world.end(first);
    world.start(10, 'second', 102);
    assert.equal(fds.search(slot, 0, true, always), DONE);
    assert.deepEqual([heldOf(slot), known.pending, known.processes.at(slot)!.isAlive], [[], 2, false]);
    assert.equal(world.openFolders(), 0);
  });

  it('keeps what it knew of a process that is closed to it, and takes up its new name', () => {
    const { world, known, fds, enter, dump, heldOf } = createHost();
    const process = world.start(10, 'before', 101);
    const slot = enter(process);
    dump(101);
    fds.search(slot, 0, false, always);
    process.isDenied = true;
    process.name = 'after';
    fds.search(slot, 0, true, always);
    const { isDenied, name } = known.processes.at(slot)!;
    assert.deepEqual([isDenied, name, heldOf(slot)], [true, 'after', [101]]);
    process.isDenied = false;
    fds.search(slot, 0, true, always);
    assert.equal(known.processes.at(slot)!.isDenied, false);
  });

  it('stops where a link is denied', () => {
    const { world, known, enter, dump, heldOf } = createHost();
    const slot = enter(world.start(10, 'a', 101, DENIED, 102));
    dump(101, 102);
    createFdSearch(known, world.links, world.readIdentity).search(slot, 0, false, always);
    assert.deepEqual([heldOf(slot), known.processes.at(slot)!.isDenied, world.openFolders()], [[101], true, 0]);
  });

  it('follows the descriptors to another thread’s folder', () => {
    const { world, known, enter, dump, heldOf } = createHost();
    const process = world.start(10, 'a');
    const thread = world.start(11, 'thread', 101);
    const slot = enter(process);
    dump(101);
    const fds = createFdSearch(known, world.links, (pid) => ({
      ...world.readIdentity(pid)!,
      folder: String(thread.pid),
    }));
    fds.search(slot, 0, false, always);
    assert.deepEqual([heldOf(slot), world.openFolders()], [[101], 0]);
  });
});

describe('probe', () => {
  it('ends at the first free descriptor once as many as are open have been seen', () => {
    const { world, known, fds, enter, dump } = createHost();
    const process = world.start(10, 'a', 101, 102, 103, 104);
    const slot = enter(process);
    dump(101, 102, 103, 104);
    fds.search(slot, 0, false, always);
    dump(104);
    process.fds.set(0, 105);
    for (const fd of [1, 2]) process.fds.delete(fd);
    dump(104, 105, 999); // 999 is somebody else's, so that the probe has a reason to go on
    known.processes.at(slot)!.fdCount = 2;
    const before = world.counts.links;
    fds.probe(slot, always);
    assert.deepEqual([known.pending, world.counts.links - before], [1, 2]); // 0 and 1, not 2 or what is above
  });

  it('looks at free descriptors, lowest first, and above the highest one, until nothing is pending', () => {
    const { world, known, fds, enter, dump, heldOf } = createHost();
    const process = world.start(10, 'a', 101, 102, 103, 104);
    const slot = enter(process);
    dump(101, 102, 103, 104);
    fds.search(slot, 0, false, always);
    dump(101, 104);
    const before = world.counts.links;
    process.fds.set(1, 105).set(2, 106).set(4, 107).set(5, 108);
    dump(101, 104, 105, 107);
    fds.probe(slot, always);
    assert.deepEqual([known.pending, heldOf(slot)], [0, [101, 105, YOUNG, 104, 107]]);
    assert.equal(world.counts.links - before, 3);
  });

  it('believes after two free descriptors above the highest one that there are no more', () => {
    const { world, known, fds, enter, dump } = createHost();
    const process = world.start(10, 'a', 101);
    const slot = enter(process);
    dump(101);
    fds.search(slot, 0, false, always);
    process.fds.set(2, 102).set(5, 103);
    dump(101, 102, 103);
    const before = world.counts.links;
    fds.probe(slot, always);
    assert.deepEqual([known.pending, world.counts.links - before], [1, 4]); // 1, 2, 3, 4
  });

  it('goes on as long as it finds sockets, whatever it meets in between', () => {
    const { world, known, fds, enter, dump } = createHost();
    const process = world.start(10, 'a', ...Array.from({ length: 4000 }, (_, index) => 1000 + index));
    const slot = enter(process);
    dump(...process.fds.values());
    fds.search(slot, 0, false, always);
    process.fds.clear();
    for (let fd = 0; fd < 4000; fd++) if (fd % 4 < 2) process.fds.set(fd, 10_000 + fd);
    dump(...process.fds.values());
    fds.probe(slot, always);
    assert.equal(known.pending, 0);
  });

  it('stops when time is up', () => {
    const { world, known, fds, enter, dump } = createHost();
    const process = world.start(10, 'a', ...Array.from({ length: 1000 }, (_, index) => 1000 + index));
    const slot = enter(process);
    dump(...process.fds.values());
    fds.probe(slot, never);
    assert.ok(known.pending > 900 && known.pending < 1000, `${known.pending} pending`);
  });
});

function createHost() {
  const world = createFakeProcesses();
  const known = new KnownOwners();
  return {
    world,
    known,
    fds: createFdSearch(known, world.links, world.readIdentity),
    enter: ({ pid }: FakeProcess) => known.processes.enter(pid, world.readIdentity(pid)!),
    /** Begins a scrape that shows these sockets. */
    dump(...inodes: number[]) {
      known.begin(true);
      for (const inode of inodes) known.note(inode);
      known.dropUnseen();
      known.dropDead();
    },
    /** The marks of all descriptors up to the highest one. */
    heldOf(slot: number) {
      const { held } = known.processes.at(slot)!;
      return Array.from({ length: held.top }, (_, fd) => held.get(fd));
    },
  };
}
