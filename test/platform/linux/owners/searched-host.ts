import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NOT_A_SOCKET } from '../../../../src/platform/linux/owners/fd-links.ts';
import { createFdSearch } from '../../../../src/platform/linux/owners/fd-search.ts';
import { KnownOwners } from '../../../../src/platform/linux/owners/known-owners.ts';
import { createOwnerSearch } from '../../../../src/platform/linux/owners/owner-search.ts';
import { createFakeProcesses, type FakeProcess, lowestFree } from './fake-processes.ts';

export const UNIX_SOCKET = 999_999;
const FILLERS = 200;

const anyPid = fc.integer({ min: 1, max: 6 });
/** What can happen to processes between two scrapes. */
export const anyEvent = fc.record({
  kind: fc.constantFrom('start', 'fork', 'end', 'open', 'file', 'close', 'pass', 'move', 'deny'),
  pid: anyPid,
  other: anyPid,
  nth: fc.nat(5),
});
type Event = typeof anyEvent extends fc.Arbitrary<infer Value> ? Value : never;

/** A fake host with a search on it. The dump shows every socket that a process holds. */
export function createSearchedHost({ kernelCounts = true } = {}) {
  const world = createFakeProcesses();
  const known = new KnownOwners();
  const fds = createFdSearch(known, world.links, world.readIdentity);
  const countFds = kernelCounts ? world.countFds : () => -1;
  const search = createOwnerSearch(known, { fds, readIdentity: world.readIdentity, countFds });
  /** Sockets of the dump that no process holds, and sockets that are missing in it. */
  const orphans = new Set<number>();
  const tooNew = new Set([UNIX_SOCKET]);
  let lastDump: ReadonlySet<number> = new Set();
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

  /** Time passes by links that are read. The dump is told as its difference to the last one, or (`isFresh`) anew. */
  function scrape({ mostLinks = Number.POSITIVE_INFINITY, isFresh = false } = {}): void {
    const pids = [...world.processes.keys()];
    known.processes.keepOnly(new Set(pids));
    for (const [slot, record] of known.processes.records.entries())
      if (record?.isAlive) known.processes.update(slot, world.readIdentity(record.pid)); // as owners.ts does
    known.begin(isFresh);
    const dumped = new Set([...holders().keys(), ...orphans].filter((inode) => !tooNew.has(inode)));
    for (const inode of dumped) if (isFresh || !lastDump.has(inode)) known.note(inode);
    for (const inode of lastDump) if (!isFresh && !dumped.has(inode)) known.release(inode);
    if (isFresh) known.dropUnseen();
    lastDump = dumped;
    known.dropDead();
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

  /**
   * The oldest holder owns a socket. Where one is closed to us it depends on what was seen before: any holder may, or
   * one that is closed too and has handed it on, or none.
   */
  function assertRight(): void {
    const closed = [...world.processes.values()].filter(({ isDenied }) => isDenied);
    for (const [inode, processes] of holders()) {
      const byRank = [...processes].sort(
        (a, b) => Number(a.pid === 1) - Number(b.pid === 1) || a.startTime - b.startTime,
      );
      const isClear = processes.every(({ isDenied }) => !isDenied);
      const allowed = (isClear ? byRank.slice(0, 1) : [...byRank, ...closed]).map(({ pid }) => pid);
      const slot = ownerOf(inode);
      const pid = slot < 0 ? undefined : known.processes.at(slot)!.pid;
      assert.ok(pid === undefined ? !isClear : allowed.includes(pid), `socket ${inode} is ${pid}'s, not ${allowed}'s`);
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
