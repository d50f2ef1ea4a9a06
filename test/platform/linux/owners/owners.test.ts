import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadLibc } from '../../../../src/platform/linux/libc/libc.ts';
import { createOwnerResolver } from '../../../../src/platform/linux/owners/owners.ts';
import { Reason } from '../../../../src/table/socket-row.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { answersOf, createFailingLibc, createOwnedHost, dumpRows, ENDLESS, toRows } from './owned-host.ts';

const EMFILE = 24;

describe('createOwnerResolver', () => {
  it('names the process of every row that has an inode, and leaves the others alone', (t) => {
    const { hold, scrape } = createOwnedHost(t);
    hold(10, 'web', 101, 102);
    hold(11, 'db', 4_000_000_000);
    assert.deepEqual(scrape(101, 0, 4_000_000_000, 102, 101), ['web', Reason.none, 'db', 'web', 'web']);
    assert.deepEqual(scrape(0, 102, 4_000_000_000), [Reason.none, 'web', 'db'], 'from memory');
  });

  it('has no answer for the inodes it cannot keep', (t) => {
    const { hold, scrape } = createOwnedHost(t);
    hold(10, 'web', 2 ** 32 - 1, 2 ** 32 - 2, 101);
    const { unresolved } = Reason;
    assert.deepEqual(scrape(2 ** 32 - 1, 2 ** 32 - 2, 101), [unresolved, unresolved, 'web']);
  });

  it('says why a socket has no process', (t) => {
    const rows = [101, 102];
    const permitted = createOwnedHost(t);
    permitted.hold(10, 'web', 101);
    assert.deepEqual(permitted.scrape(...rows), ['web', Reason.kernel], 'all were searched');
    assert.deepEqual(permitted.scrape(...rows), ['web', Reason.kernel]);

    const elsewhere = createOwnedHost(t, { hasHiddenProcesses: true });
    elsewhere.hold(10, 'web', 101);
    assert.deepEqual(elsewhere.scrape(...rows), ['web', Reason.pidNamespace], 'all that it can see');

    const unprivileged = createOwnedHost(t, { isPrivileged: false });
    unprivileged.hold(10, 'web', 101);
    assert.deepEqual(unprivileged.scrape(...rows), ['web', Reason.permission]);
    assert.deepEqual(unprivileged.scrape(...rows), ['web', Reason.permission]);

    for (const isInitialUser of [false, true]) {
      const denied = createOwnedHost(t, { closedPid: 11, isInitialUser });
      denied.hold(10, 'web', 101);
      denied.hold(11, 'closed', 102);
      // capabilities of a user namespace may be had outside of it; nobody can have more than all of them
      const reason = isInitialUser ? Reason.unresolved : Reason.permission;
      assert.deepEqual(denied.scrape(...rows), ['web', reason]);
      assert.deepEqual(denied.scrape(...rows), ['web', reason]);
    }
  });

  it('does not blame privileges where time was short', (t) => {
    const { hold, scrape } = createOwnedHost(t, { isPrivileged: false, budgetMs: -1 });
    hold(10, 'web', 101);
    assert.deepEqual(scrape(101), [Reason.unresolved]);
  });

  it('spends at most half of the time that is left', (t) => {
    const { hold, scrapeWithin } = createOwnedHost(t, { budgetMs: 1000 });
    hold(10, 'web', 101);
    let nowMs = 0;
    const now = () => nowMs++;
    assert.deepEqual(scrapeWithin({ now, deadlineMs: 3 }, 101), [Reason.unresolved]);
    assert.deepEqual(scrapeWithin({ now, deadlineMs: nowMs + 500 }, 101), ['web']);
  });

  it('leaves a socket that was closed after the dump to the process that had it, for one scrape', (t) => {
    const { hold, close, scrape } = createOwnedHost(t);
    hold(10, 'web', 101, 102);
    scrape(101, 102);
    close(10, 0);
    assert.deepEqual(scrape(101, 102), ['web', 'web']);
    assert.deepEqual(scrape(101, 102), [Reason.kernel, 'web']);
  });

  it('names the next owner in the scrape that finds out', (t) => {
    const { hold, close, end, scrape } = createOwnedHost(t);
    hold(10, 'giver', 101, 102);
    hold(11, 'taker');
    scrape(101, 102);
    close(10, 0);
    hold(11, 'taker', 101);
    assert.deepEqual(scrape(101, 102), ['taker', 'giver']);
    end(10);
    hold(12, 'heir', 102);
    assert.deepEqual(scrape(101, 102), ['taker', 'heir']);
  });

  it('changes the rows of what was found only', (t) => {
    const { hold, close, scrape } = createOwnedHost(t);
    hold(10, 'giver', 101, 102);
    hold(11, 'taker');
    scrape(101, 102);
    close(10, 0);
    close(10, 1);
    hold(11, 'taker', 102);
    assert.deepEqual(scrape(101, 102), ['giver', 'taker']);
  });

  it('sees at once that processes ended, however many', (t) => {
    const { hold, end, scrape } = createOwnedHost(t);
    const pids = Array.from({ length: 600 }, (_, index) => 1000 + index);
    for (const pid of pids) hold(pid, 'worker', pid);
    assert.deepEqual(new Set(scrape(...pids)), new Set(['worker']));
    for (const pid of pids) end(pid);
    hold(2000, 'heir', ...pids);
    assert.deepEqual(new Set(scrape(...pids)), new Set(['heir']));
  });

  it('finds what it had given up, and says so in the same scrape', (t) => {
    const { hold, scrape } = createOwnedHost(t);
    hold(10, 'web', 101);
    scrape(101, 102);
    assert.deepEqual(scrape(101, 102), ['web', Reason.kernel]);
    hold(11, 'late', 102);
    assert.deepEqual(scrape(101, 102), ['web', 'late']);
  });

  it('takes up the new name of a process', (t) => {
    const { hold, scrape } = createOwnedHost(t);
    hold(10, 'before', 101);
    scrape(101);
    hold(10, 'after');
    assert.deepEqual(scrape(101), ['after']);
  });

  for (const isShown of [true, false]) {
    it(`never names the predecessor of a process that took its pid, its sockets being the same or not (${isShown})`, (t) => {
      const { hold, end, nameProcess, scrape } = createOwnedHost(t);
      hold(10, 'gone', 101, 102);
      hold(11, 'bystander', 103);
      scrape(101, 102, 103);
      end(10);
      hold(10, 'next', ...(isShown ? [101] : [104]));
      nameProcess(10, 'next', 5000);
      assert.deepEqual(scrape(101, 103), [isShown ? 'next' : Reason.kernel, 'bystander']);
    });
  }

  it('keeps names apart that say something else on the page', (t) => {
    const { hold, scrape, owners } = createOwnedHost(t);
    hold(10, 'unknown', 101);
    hold(11, 'other', 102);
    hold(12, 'has no socket');
    assert.deepEqual(scrape(101, 102), ['unknown_', 'other_']);
    assert.deepEqual(
      owners
        .readFds()
        .map(({ process }) => process)
        .sort(),
      ['other_', 'unknown_'],
    );
  });

  it('recalls owners for another table, from memory only', (t) => {
    const { hold, scrape, owners, end } = createOwnedHost(t);
    hold(10, 'web', 101);
    hold(11, 'db', 102);
    scrape(101, 102, 103);
    end(10);
    const table = new SocketTable();
    dumpRows(table, toRows([102, 0, 101, 103, 104]), false);
    owners.recall(table);
    const { none, kernel, unresolved } = Reason;
    assert.deepEqual(answersOf(table), ['db', none, 'web', kernel, unresolved], 'of 104 nothing is known');
  });

  it('fails, and recovers, when the exporter itself has no descriptors left', (t) => {
    const { libc, failure } = createFailingLibc();
    const { hold, scrape } = createOwnedHost(t, { libc });
    hold(10, 'web', 101);
    failure.errno = EMFILE;
    assert.throws(() => scrape(101), { code: 'EMFILE' });
    failure.errno = 0;
    assert.deepEqual(scrape(101), ['web']);
  });

  it('names the folder that is no procfs', (t) => {
    const owners = createOwnerResolver(loadLibc(), { procfs: '/nowhere', budgetMs: 1, isPrivileged: true });
    assert.throws(() => owners.resolve(new SocketTable(), ENDLESS), /\/nowhere: ENOENT/);
    assert.deepEqual(createOwnedHost(t).scrape(), []);
  });
});
