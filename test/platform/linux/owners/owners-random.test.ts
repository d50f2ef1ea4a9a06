import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import type { ScrapeBudget } from '../../../../src/platform/platform.ts';
import { Reason } from '../../../../src/table/socket-row.ts';
import { countChanges, countRows, NOTHING_COUNTED } from '../netlink/counted-rows.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';
import { answersOf, createOwnedHost, type DumpedRow } from './owned-host.ts';

const PIDS = [10, 11, 12, 13];
const MOST_FDS = 5;
const { established, finWait1 } = TcpState;

const anyPid = fc.constantFrom(...PIDS);
const anyFd = fc.nat(MOST_FDS - 1);
/** What can happen to processes and sockets between two scrapes. */
const anyEvent = fc.oneof(
  fc.record({ kind: fc.constant('socket' as const), pid: anyPid, fd: anyFd, rows: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ kind: fc.constant('share' as const), pid: anyPid, fd: anyFd, nth: fc.nat(9) }),
  fc.record({ kind: fc.constant('close' as const), pid: anyPid, fd: anyFd }),
  fc.record({ kind: fc.constant('end' as const), pid: anyPid }),
  fc.record({ kind: fc.constant('exec' as const), pid: anyPid, name: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ kind: fc.constantFrom('leave' as const, 'change' as const, 'move' as const), nth: fc.nat(9) }),
);
const anyScrape = fc.record({
  events: fc.array(anyEvent, { maxLength: 8 }),
  /** Looks at the clock after which there is no time left. */
  looks: fc.constantFrom(0, 8, 30, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
  isCounted: fc.constantFrom(true, true, true, true, false),
});

test('rows that are kept have the owners that they would have if all were new, whatever happens', (t) => {
  const folder = temporaryFolder(t);
  let runs = 0;
  fc.assert(
    fc.property(fc.array(anyScrape, { minLength: 2, maxLength: 10 }), (scrapes) => {
      const procfs = join(folder, String(++runs));
      const world = createWorld(t, procfs);
      for (const { events, looks, isCounted } of scrapes) {
        for (const event of events) world.happen(event);
        world.scrape(looks, isCounted);
      }
      for (let quiet = 0; quiet < 4; quiet++) world.scrape(Number.POSITIVE_INFINITY, true);
      world.assertRight();
      rmSync(procfs, { recursive: true });
    }),
    { numRuns: 150, includeErrorInReport: true },
  );
});

type Happening = typeof anyEvent extends fc.Arbitrary<infer Value> ? Value : never;

interface Process {
  readonly startTime: number;
  name: string;
  /** Inodes by descriptor. */
  readonly fds: Map<number, number>;
}

/** Processes and sockets, seen by a resolver whose table is kept and by one whose table is filled anew each time. */
function createWorld(t: TestContext, procfs: string) {
  const compared = createOwnedHost(t, { procfs, budgetMs: 1e9 });
  const fresh = createOwnedHost(t, { procfs, budgetMs: 1e9, isCompared: false });
  const processes = new Map<number, Process>();
  let rows: DumpedRow[] = [];
  let nextInode = 101;
  let starts = 0;
  let before: ReadonlyMap<string, string | Reason> = new Map();
  let isRenamed = false;
  let counted = NOTHING_COUNTED;
  for (const pid of PIDS) start(pid);
  return { happen, scrape, assertRight };

  function start(pid: number): void {
    processes.set(pid, { startTime: ++starts, name: 'new', fds: new Map() });
    compared.nameProcess(pid, 'new', starts);
  }

  /** Of a socket that was lost after the dump by a process that has another name now, its former name may be told. */
  function scrape(looks: number, isCounted: boolean): void {
    const [answers, expected] = [compared, fresh].map(({ dump, owners, table }) => {
      dump(rows);
      owners.resolve(table, lasting(looks));
      return answersOf(table);
    });
    for (const [index, answer] of answers!.entries()) {
      const { inode, port } = rows[index]!;
      const isFormerName = isRenamed && before.get(`${inode} ${port}`) === answer;
      assert.ok(
        answer === expected![index] || isFormerName,
        `socket ${inode}: ${answer} instead of ${expected![index]}`,
      );
    }
    isRenamed = false;
    before = new Map(rows.map(({ inode, port }, index) => [`${inode} ${port}`, answers![index]!]));
    counted = countChanges(compared.table, counted);
    assert.deepEqual(counted, countRows(compared.table), 'what was counted, less what left, and what is new');
    if (!isCounted) return;
    compared.table.commit();
    assert.equal(compared.table.addresses.used, rows.length === 0 ? 0 : 2);
  }

  /** Each socket is the oldest holder's. */
  function assertRight(): void {
    const oldestFirst = [...processes.values()].sort((a, b) => a.startTime - b.startTime);
    const expected = rows.map(({ inode }) => {
      const holder = oldestFirst.find(({ fds }) => [...fds.values()].includes(inode));
      return holder?.name ?? Reason.kernel;
    });
    assert.deepEqual(answersOf(compared.table), expected);
    assert.deepEqual(compared.owners.readFds().length, new Set(expected.filter(isName)).size);
  }

  function happen(event: Happening): void {
    if ('nth' in event && event.kind !== 'share') changeRow(event.kind, event.nth);
    else if ('pid' in event) changeProcess(event);
  }

  function changeRow(kind: 'leave' | 'change' | 'move', nth: number): void {
    const row = rows[nth];
    if (row === undefined) return;
    if (kind === 'change') rows[nth] = { ...row, state: row.state === established ? finWait1 : established };
    else rows.splice(nth, 1);
    if (kind === 'move') rows.push(row);
  }

  function changeProcess(event: Extract<Happening, { readonly pid: number }>): void {
    const { pid } = event;
    const process = processes.get(pid)!;
    if (event.kind === 'end') {
      compared.end(pid);
      start(pid);
    } else if (event.kind === 'exec') {
      isRenamed = true;
      process.name = event.name;
      compared.nameProcess(pid, event.name, process.startTime);
    } else {
      if (process.fds.delete(event.fd)) compared.close(pid, event.fd);
      if (event.kind === 'socket') hold(process, pid, event.fd, addSocket(event.rows));
      if (event.kind === 'share' && rows[event.nth] !== undefined) hold(process, pid, event.fd, rows[event.nth]!.inode);
    }
  }

  function hold(process: Process, pid: number, fd: number, inode: number): void {
    process.fds.set(fd, inode);
    compared.open(pid, fd, inode);
  }

  /** Its rows come first in the dump. */
  function addSocket(count: number): number {
    const inode = nextInode++;
    rows = [...Array.from({ length: count }, (_, port) => ({ inode, port, state: established })), ...rows];
    return inode;
  }
}

function lasting(looks: number): ScrapeBudget {
  let nowMs = 0;
  return { now: () => nowMs++, deadlineMs: 2 * looks };
}

function isName(answer: string | Reason): boolean {
  return typeof answer === 'string';
}
