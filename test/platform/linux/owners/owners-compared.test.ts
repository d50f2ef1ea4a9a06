import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import { type Libc, loadLibc } from '../../../../src/platform/linux/libc/libc.ts';
import type { ScrapeBudget } from '../../../../src/platform/platform.ts';
import { Flag, hasFlag, Reason, ROW_WORDS } from '../../../../src/table/socket-row.ts';
import { answersOf, createFailingLibc, createOwnedHost, type DumpedRow, ENDLESS, toRows } from './owned-host.ts';

const EMFILE = 24;
const { established, finWait1 } = TcpState;
const { kernel, unresolved } = Reason;

const row = (inode: number, port = 1, state: TcpState = established): DumpedRow => ({ inode, port, state });

describe('owners of rows that are kept from scrape to scrape', () => {
  it('are not looked for again, and no row is counted anew', (t) => {
    const { hold, dump, scrape, owners, table } = createOwnedHost(t);
    hold(10, 'web', 101, 102);
    scrape(101, 102, 103);
    scrape(101, 102, 103);
    dump(toRows([101, 102, 103]));
    owners.resolve(table, ENDLESS);
    assert.deepEqual(answersOf(table), ['web', 'web', kernel]);
    assert.deepEqual([table.changes.isFullRecount, table.changes.removedLength, table.added.length], [false, 0, 0]);
  });

  it('stay with a socket of several rows until the last one leaves', (t) => {
    const { hold, close, scrapeRows } = createOwnedHost(t);
    hold(10, 'web', 101);
    hold(11, 'db');
    assert.deepEqual(scrapeRows([row(101), row(101, 2)]), ['web', 'web']);
    assert.deepEqual(scrapeRows([row(101, 2)]), ['web']);
    assert.deepEqual(scrapeRows([row(101, 2), row(101, 3)]), ['web', 'web'], 'a subflow that is new');
    assert.deepEqual(scrapeRows([]), []);
    close(10, 0);
    hold(11, 'db', 101);
    assert.deepEqual(scrapeRows([row(101)]), ['db'], 'another socket, of which nothing is known');
  });

  it('are forgotten with the last row, also of a socket whose row was counted anew before', (t) => {
    const { hold, close, scrape, dump, owners, table } = createOwnedHost(t);
    hold(10, 'web', 101);
    scrape(101);
    dump(toRows([101]));
    table.touch(0);
    owners.resolve(table, ENDLESS);
    table.commit();
    scrape();
    close(10, 0);
    assert.deepEqual(scrape(101), [kernel]);
  });

  it('stay with a row that changes its state, for no link read', (t) => {
    const { hold, scrapeRows, counts } = createOwnedHost(t);
    const crowd = Array.from({ length: 600 }, (_, index) => row(1000 + index));
    hold(10, 'web', ...crowd.map(({ inode }) => inode));
    scrapeRows(crowd);
    scrapeRows(crowd);
    const before = counts.links;
    scrapeRows(crowd);
    const quiet = counts.links - before;
    const changed = crowd.map(({ inode }) => row(inode, 1, finWait1));
    assert.deepEqual(new Set(scrapeRows(changed)), new Set(['web']));
    assert.equal(counts.links - before, 2 * quiet, 'none but those that verify what is known');
  });

  for (const lateBy of [0, 1, 3]) {
    it(`change when the process ends and the next one is found, ${lateBy} scrapes later`, (t) => {
      const { hold, end, scrape, table, dump, owners } = createOwnedHost(t);
      hold(10, 'parent', 101, 102);
      scrape(101, 102);
      end(10);
      for (let late = 0; late < lateBy; late++) assert.deepEqual(scrape(101, 102), [kernel, kernel]);
      hold(11, 'child', 102);
      dump(toRows([101, 102]));
      owners.resolve(table, ENDLESS);
      assert.deepEqual(answersOf(table), [kernel, 'child']);
      assert.equal(table.added.length, lateBy === 0 ? 2 : 1, 'what is counted anew');
      assert.equal(table.changes.removedLength, table.added.length);
      for (let removed = 0; removed < table.changes.removedLength; removed++)
        assert.ok(hasFlag(table.changes.removed.words, removed * ROW_WORDS, Flag.replaced));
      table.commit();
      assert.deepEqual(scrape(101, 102), [kernel, 'child']);
    });
  }

  it('stay for one scrape when the descriptor was closed after the dump, whether the row is new or not', (t) => {
    const { hold, close, scrape, scrapeRows } = createOwnedHost(t);
    hold(10, 'web', 101, 102, 103);
    scrapeRows([row(101), row(102)]);
    close(10, 0);
    close(10, 1);
    assert.deepEqual(scrapeRows([row(101), row(102, 1, finWait1)]), ['web', 'web']);
    assert.deepEqual(scrapeRows([row(101), row(102, 1, finWait1)]), [kernel, kernel]);
    assert.deepEqual(scrape(103), ['web']);
  });

  it('have the name that exec() gives, all of them in the scrape that notices', (t) => {
    const { hold, scrape, scrapeRows, owners } = createOwnedHost(t);
    hold(10, 'before', 101, 102);
    hold(11, 'bystander', 103);
    scrape(101, 102, 103, 101);
    hold(10, 'after');
    assert.deepEqual(scrape(101, 102, 103, 101), ['after', 'after', 'bystander', 'after']);
    assert.deepEqual(
      owners.readFds().map(({ process }) => process),
      ['after', 'bystander'],
    );
    hold(10, 'again');
    assert.deepEqual(scrapeRows([row(102), row(103, 2)]), ['again', 'bystander'], 'amid other changes');
  });

  it('are told in a later scrape where time was short, though the rows are the same', (t) => {
    const { hold, scrapeWithin } = createOwnedHost(t, { isPrivileged: false });
    const pids = Array.from({ length: 30 }, (_, index) => 10 + index);
    for (const pid of pids) hold(pid, `p${pid}`, 1000 + pid);
    const inodes = pids.map((pid) => 1000 + pid);
    let found = 0;
    for (let round = 0; found < pids.length; round++) {
      assert.ok(round < 50, `${found} found after ${round} scrapes`);
      const answers = scrapeWithin(brief(10), ...inodes, 999);
      const named = answers.filter((answer) => typeof answer === 'string').length;
      if (round === 0) assert.ok(named < pids.length, 'all at once: this test shows nothing');
      assert.ok(named >= found);
      for (const [index, answer] of answers.entries())
        assert.ok(answer === `p${pids[index]}` || answer === unresolved, `${answer} is no question of privileges`);
      found = named;
    }
    assert.deepEqual(scrapeWithin(ENDLESS, ...inodes, 999).at(-1), Reason.permission, 'the reason of the rest follows');
  });

  it('have the reason that holds now, not the one of the scrape in which the row was new', (t) => {
    const closed = { pid: 11, isClosed: false };
    const real = loadLibc();
    let isDenied = false;
    const libc: Libc = {
      ...real,
      open(path, flags) {
        isDenied = closed.isClosed && Buffer.from(path).toString().endsWith(`/${closed.pid}/fd\0`);
        return isDenied ? -1 : real.open(path, flags);
      },
      errno: () => (isDenied ? 13 : real.errno()),
    };
    const { hold, end, scrape } = createOwnedHost(t, { libc });
    hold(10, 'web', 101);
    assert.deepEqual(scrape(101, 999), ['web', kernel]);
    closed.isClosed = true;
    hold(11, 'closed', 102);
    assert.deepEqual(scrape(101, 999), ['web', Reason.permission]);
    end(11);
    assert.deepEqual(scrape(101, 999), ['web', kernel]);
  });

  for (const isCounted of [true, false]) {
    it(`are looked for afresh after a search that failed, the rows being counted without or not (${isCounted})`, (t) => {
      const { libc, failure } = createFailingLibc();
      const { hold, end, close, scrape, dump, owners, table } = createOwnedHost(t, { libc });
      hold(10, 'web', 101, 102);
      hold(11, 'db');
      scrape(101, 102);
      end(10);
      hold(12, 'heir', 101, 102);
      failure.errno = EMFILE;
      dump(toRows([102, 103, 101]));
      assert.throws(() => owners.resolve(table, ENDLESS), { code: 'EMFILE' });
      if (isCounted) {
        table.recount();
        table.isComparable = false;
        table.commit();
      }
      failure.errno = 0;
      hold(11, 'db', 103);
      assert.deepEqual(scrape(101, 102, 103), ['heir', 'heir', 'db']);
      assert.deepEqual(scrape(103), ['db']);
      close(12, 0);
      close(11, 0);
      hold(11, 'db', 101);
      assert.deepEqual(scrape(101, 103), ['db', 'db'], '103 was lost after the dump');
      assert.deepEqual(scrape(101, 103), ['db', kernel]);
    });
  }
});

/** Time passes by looks at the clock; the search has half of these. */
function brief(looks: number): ScrapeBudget {
  let nowMs = 0;
  return { now: () => nowMs++, deadlineMs: looks };
}
