import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { LookedUp } from '../../../../src/platform/linux/owners/ended-sockets.ts';
import { NOT_A_SOCKET, RING } from '../../../../src/platform/linux/owners/fd-links.ts';
import { createFdSearch } from '../../../../src/platform/linux/owners/fd-search.ts';
import { KnownOwners } from '../../../../src/platform/linux/owners/known-owners.ts';
import { createOwnerSearch, type SearchLimits } from '../../../../src/platform/linux/owners/owner-search.ts';
import { createProcessCheck } from '../../../../src/platform/linux/owners/process-check.ts';
import { createFakeProcesses, type FakeProcess, type FakeTable, lowestFree } from './fake-processes.ts';

export const UNIX_SOCKET = 999_999;
export const FILLERS = 200;

const anyPid = fc.integer({ min: 1, max: 6 });
/** What can happen to processes between two scrapes. */
export const anyEvent = fc.record({
  kind: fc.constantFrom(
    ...(['start', 'fork', 'end', 'open', 'file', 'close', 'pass', 'move', 'deny', 'ring', 'unring'] as const),
    ...(['unshare', 'unthread', 'threadOpen', 'threadClose', 'threadRing'] as const),
  ),
  pid: anyPid,
  other: anyPid,
  nth: fc.nat(5),
});
type Event = typeof anyEvent extends fc.Arbitrary<infer Value> ? Value : never;

export interface HostOptions {
  /** Whether the kernel tells how many descriptors a process has open. */
  readonly kernelCounts?: boolean;
  /** Whether the kernel tells what has ended. */
  readonly canLookUp?: boolean;
  readonly limits?: SearchLimits;
  /** Whether the kernel reads many links at once. */
  readonly readsTogether?: boolean;
}

/** A fake host with a search on it. The dump shows every socket that a process holds. */
export function createSearchedHost({ kernelCounts = true, canLookUp = true, limits, readsTogether }: HostOptions = {}) {
  const world = createFakeProcesses(readsTogether);
  const known = new KnownOwners();
  const { links } = world;
  const { readInfo } = links;
  links.readInfo = (folder, fd) => (host.isRingBusy ? 'SqMask:\t0x7\n' : readInfo(folder, fd));
  const fds = createFdSearch(known, links, world.readIdentity);
  const checkProcesses = createProcessCheck(known, world.readIdentity);
  const countFds = kernelCounts ? world.countFds : () => -1;
  const { readIdentity, tables } = world;
  const search = createOwnerSearch(known, { fds, readIdentity, countFds, tables }, limits);
  /** Sockets of the dump that no process holds, and sockets that are missing in it. */
  const orphans = new Set<number>();
  /** Of those, the ones that end before they are searched for; and what the kernel was asked for. */
  const ended = new Set<number>();
  const lookedUp: number[] = [];
  const tooNew = new Set([UNIX_SOCKET]);
  let lastDump: ReadonlySet<number> = new Set();
  let nextInode = 1;
  let paused = 0;

  const host = {
    ...world,
    known,
    orphans,
    ended,
    lookedUp,
    tooNew,
    startFillers,
    scrape,
    ownerOf,
    ownerPids,
    assertRight,
    assertNamesHolders,
    happen,
    /** What happens between the dump and the search. */
    afterDump: undefined as (() => void) | undefined,
    /** Whether another thread holds the lock that listing a ring takes. */
    isRingBusy: false,
  };
  return host;

  /** So many processes that verifying some of what is known does not come to those that start later. */
  function startFillers(): void {
    for (let pid = 100; pid < 100 + FILLERS; pid++) world.start(pid, 'filler', NOT_A_SOCKET);
  }

  /** Time passes by links that are read, and between scrapes by `pause`. The dump is told as its difference to the last one, or (`isFullRecount`) anew. */
  function scrape({ mostLinks = Number.POSITIVE_INFINITY, isFullRecount = false, pause = 0 } = {}): void {
    paused += pause;
    const pids = [...world.processes.keys()];
    known.begin(isFullRecount);
    checkProcesses(pids);
    const dumped = new Set([...holders().keys(), ...orphans].filter((inode) => !tooNew.has(inode)));
    for (const inode of dumped) if (isFullRecount || !lastDump.has(inode)) known.note(inode);
    for (const inode of lastDump) if (!isFullRecount && !dumped.has(inode)) known.release(inode);
    if (isFullRecount) known.dropUnseen();
    lastDump = dumped;
    host.afterDump?.();
    known.awaitShownAgain();
    known.dropDead();
    const now = () => world.counts.links + paused;
    search(pids, now, now() + mostLinks, canLookUp ? lookUpEnds : undefined);
    assert.ok(known.overdue >= 0 && known.overdue <= known.pending);
  }

  function lookUpEnds(inodes: ReadonlySet<number>): LookedUp {
    lookedUp.push(...inodes);
    const held = holders();
    const isThere = (inode: number) => !ended.has(inode) && (held.has(inode) || orphans.has(inode));
    const asked = [...inodes];
    return { ended: asked.filter((inode) => !isThere(inode)), remaining: asked.filter(isThere) };
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
      const all = [process, ...[...process.threads.values()].map(({ table }) => table)];
      const held = all.flatMap(({ fds: own, rings }) => [own, ...rings.values()].flatMap((each) => [...each.values()]));
      for (const inode of new Set(held)) {
        if (inode === NOT_A_SOCKET || inode === RING) continue;
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
    const [tid, thread] = [...process.threads][nth % 3] ?? [];
    const events: Record<Event['kind'], () => unknown> = {
      start() {
        world.end(process);
        world.start(pid, `p${pid}`);
      },
      end: () => world.end(process),
      fork: () => target === undefined && copy(process, world.start(other, process.name)),
      open: () => process.fds.set(lowestFree(process), nextInode++),
      file: () => process.fds.set(lowestFree(process), NOT_A_SOCKET),
      deny() {
        process.isDenied = !process.isDenied;
      },
      ring: () => acceptInto(process, nextInode++),
      unring() {
        for (const ring of process.rings.values()) ring.delete(nth);
      },
      pass() {
        if (fd >= 0 && target !== undefined) put(process, fd, target, lowestFree(target));
        drop(process, fd);
      },
      move() {
        if (fd >= 0) put(process, fd, process, fd + 200);
        drop(process, fd);
      },
      close: () => drop(process, fd),
      unshare: () => world.startThread(process, nth > 3 ? thread?.table : undefined),
      unthread: () => process.threads.delete(tid ?? 0),
      threadOpen: () => thread?.table.fds.set(lowestFree(thread.table), nextInode++),
      threadClose: () => thread && drop(thread.table, [...thread.table.fds.keys()][nth] ?? -1),
      threadRing: () => thread && acceptInto(thread.table, nextInode++),
    };
    events[kind]();
  }
}

/** A ring is one in both processes. */
function copy(process: FakeProcess, child: FakeProcess): void {
  for (const [number, link] of process.fds) child.fds.set(number, link);
  for (const [number, ring] of process.rings) child.rings.set(number, ring);
}

function drop(table: FakeTable, fd: number): void {
  table.fds.delete(fd);
  table.rings.delete(fd);
}

/** Both have it then, as after dup2(): what stood at that number is closed. */
function put(from: FakeProcess, fd: number, to: FakeProcess, number: number): void {
  to.fds.set(number, from.fds.get(fd)!);
  const ring = from.rings.get(fd);
  if (ring !== undefined) to.rings.set(number, ring);
  else to.rings.delete(number);
}

/** A direct descriptor in the table's first ring of io_uring, which is made when there is none. */
export function acceptInto(table: FakeTable, inode: number): Map<number, number> {
  if (table.rings.size === 0) {
    const fd = lowestFree(table);
    table.fds.set(fd, RING);
    table.rings.set(fd, new Map());
  }
  const [ring] = table.rings.values();
  let index = 0;
  while (ring!.has(index)) index++;
  return ring!.set(index, inode);
}
