import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Reason, SocketTable } from '../../../src/model/socket-table.ts';
import { type Libc, loadLibc } from '../../../src/platform/linux/libc.ts';
import { createOwnerResolver } from '../../../src/platform/linux/owners.ts';
import { temporaryFolder } from './fake-procfs.ts';

const ENDLESS = { now: () => performance.now(), deadlineMs: Number.POSITIVE_INFINITY };
const EACCES = 13;
const EMFILE = 24;

describe('createOwnerResolver', () => {
  it('names the process of every row that has an inode, and leaves the others alone', (t) => {
    const { hold, scrape } = createHost(t);
    hold(10, 'web', 101, 102);
    hold(11, 'db', 4_000_000_000);
    assert.deepEqual(scrape(101, 0, 4_000_000_000, 102, 101), ['web', Reason.none, 'db', 'web', 'web']);
    assert.deepEqual(scrape(0, 102, 4_000_000_000), [Reason.none, 'web', 'db'], 'from memory');
  });

  it('has no answer for the inodes it cannot keep', (t) => {
    const { hold, scrape } = createHost(t);
    hold(10, 'web', 2 ** 32 - 1, 2 ** 32 - 2, 101);
    const { unresolved } = Reason;
    assert.deepEqual(scrape(2 ** 32 - 1, 2 ** 32 - 2, 101), [unresolved, unresolved, 'web']);
  });

  it('says why a socket has no process', (t) => {
    const rows = [101, 102];
    const permitted = createHost(t);
    permitted.hold(10, 'web', 101);
    assert.deepEqual(permitted.scrape(...rows), ['web', Reason.unresolved]);
    assert.deepEqual(permitted.scrape(...rows), ['web', Reason.unresolved], 'also when it was given up');

    const unprivileged = createHost(t, { isPrivileged: false });
    unprivileged.hold(10, 'web', 101);
    assert.deepEqual(unprivileged.scrape(...rows), ['web', Reason.permission]);
    assert.deepEqual(unprivileged.scrape(...rows), ['web', Reason.permission]);

    const denied = createHost(t, { closedPid: 11 });
    denied.hold(10, 'web', 101);
    denied.hold(11, 'closed', 102);
    assert.deepEqual(denied.scrape(...rows), ['web', Reason.permission], 'capabilities of a user namespace');
  });

  it('does not blame privileges where time was short', (t) => {
    const { hold, scrape } = createHost(t, { isPrivileged: false, budgetMs: -1 });
    hold(10, 'web', 101);
    assert.deepEqual(scrape(101), [Reason.unresolved]);
  });

  it('spends at most half of the time that is left', (t) => {
    const { hold, scrapeWithin } = createHost(t, { budgetMs: 1000 });
    hold(10, 'web', 101);
    let nowMs = 0;
    const now = () => nowMs++;
    assert.deepEqual(scrapeWithin({ now, deadlineMs: 3 }, 101), [Reason.unresolved]);
    assert.deepEqual(scrapeWithin({ now, deadlineMs: nowMs + 500 }, 101), ['web']);
  });

  it('leaves a socket that was closed after the dump to the process that had it, for one scrape', (t) => {
    const { hold, close, scrape } = createHost(t);
    hold(10, 'web', 101, 102);
    scrape(101, 102);
    close(10, 0);
    assert.deepEqual(scrape(101, 102), ['web', 'web']);
    assert.deepEqual(scrape(101, 102), [Reason.unresolved, 'web']);
  });

  it('names the next owner in the scrape that finds out', (t) => {
    const { hold, close, end, scrape } = createHost(t);
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
    const { hold, close, scrape } = createHost(t);
    hold(10, 'giver', 101, 102);
    hold(11, 'taker');
    scrape(101, 102);
    close(10, 0);
    close(10, 1);
    hold(11, 'taker', 102);
    assert.deepEqual(scrape(101, 102), ['giver', 'taker']);
  });

  it('sees at once that processes ended, however many', (t) => {
    const { hold, end, scrape } = createHost(t);
    const pids = Array.from({ length: 600 }, (_, index) => 1000 + index);
    for (const pid of pids) hold(pid, 'worker', pid);
    assert.deepEqual(new Set(scrape(...pids)), new Set(['worker']));
    for (const pid of pids) end(pid);
    hold(2000, 'heir', ...pids);
    assert.deepEqual(new Set(scrape(...pids)), new Set(['heir']));
  });

  it('finds what it had given up, and says so in the same scrape', (t) => {
    const { hold, scrape } = createHost(t);
    hold(10, 'web', 101);
    scrape(101, 102);
    assert.deepEqual(scrape(101, 102), ['web', Reason.unresolved]);
    hold(11, 'late', 102);
    assert.deepEqual(scrape(101, 102), ['web', 'late']);
  });

  it('takes up the new name of a process', (t) => {
    const { hold, scrape } = createHost(t);
    hold(10, 'before', 101);
    scrape(101);
    hold(10, 'after');
    assert.deepEqual(scrape(101), ['after']);
  });

  it('keeps names apart that say something else on the page', (t) => {
    const { hold, scrape, owners } = createHost(t);
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
    const { hold, scrape, owners, end } = createHost(t);
    hold(10, 'web', 101);
    hold(11, 'db', 102);
    scrape(101, 102, 103);
    end(10);
    const { table, answers } = createRows(102, 0, 101, 103, 104);
    owners.recall(table);
    const { none, unresolved } = Reason;
    assert.deepEqual(answers(), ['db', none, 'web', unresolved, unresolved]);
  });

  it('fails, and recovers, when the exporter itself has no descriptors left', (t) => {
    let errno = 0;
    const real = loadLibc();
    const libc: Libc = {
      ...real,
      open: (path, flags) => (errno !== 0 && isFdFolder(path) ? -1 : real.open(path, flags)),
      errno: () => errno || real.errno(),
    };
    const { hold, scrape } = createHost(t, { libc });
    hold(10, 'web', 101);
    errno = EMFILE;
    assert.throws(() => scrape(101), { code: 'EMFILE' });
    errno = 0;
    assert.deepEqual(scrape(101), ['web']);
  });

  it('names the folder that is no procfs', (t) => {
    const owners = createOwnerResolver(loadLibc(), { procfs: '/nowhere', budgetMs: 1, isPrivileged: true });
    assert.throws(() => owners.resolve(new SocketTable(), ENDLESS), /\/nowhere: ENOENT/);
    assert.deepEqual(createHost(t).scrape(), []);
  });
});

interface HostOptions {
  readonly isPrivileged?: boolean;
  readonly budgetMs?: number;
  /** Its descriptors cannot be read. */
  readonly closedPid?: number;
  readonly libc?: Libc;
}

/** A procfs of files and links, and a resolver on it. */
function createHost(t: TestContext, options: HostOptions = {}) {
  const { isPrivileged = true, budgetMs = 10_000, closedPid } = options;
  const procfs = temporaryFolder(t);
  const libc = listInOrder(options.libc ?? closeFolder(loadLibc(), `${procfs}/${closedPid}/fd`));
  const owners = createOwnerResolver(libc, { procfs, budgetMs, isPrivileged });

  return {
    owners,
    hold,
    close: (pid: number, fd: number) => rmSync(join(procfs, `${pid}/fd/${fd}`)),
    end: (pid: number) => rmSync(join(procfs, String(pid)), { recursive: true }),
    scrape: (...inodes: number[]) => scrapeWithin(ENDLESS, ...inodes),
    scrapeWithin,
  };

  /** A process with these sockets at its lowest descriptors. */
  function hold(pid: number, name: string, ...inodes: number[]): void {
    const folder = join(procfs, `${pid}/fd`);
    mkdirSync(folder, { recursive: true });
    const fields = ['S', ...Array.from({ length: 18 }, () => 1), 1000 + pid, 0];
    writeFileSync(join(procfs, `${pid}/stat`), `${pid} (${name}) ${fields.join(' ')}\n`);
    for (const [fd, inode] of inodes.entries()) symlinkSync(`socket:[${inode}]`, join(folder, String(fd)));
  }

  function scrapeWithin(budget: typeof ENDLESS, ...inodes: number[]) {
    const { table, answers } = createRows(...inodes);
    owners.resolve(table, budget);
    return answers();
  }
}

/** A row for each inode; `answers`: the process of each row, or the reason why it has none. */
function createRows(...inodes: number[]) {
  const table = new SocketTable();
  for (const inode of inodes) {
    const row = table.addRow();
    table.columns.owner[row] = inode;
  }
  return { table, answers: () => inodes.map((_, row) => answerOf(table, row)) };
}

function answerOf({ columns, processNames }: SocketTable, row: number): string | Reason {
  const process = columns.process[row]!;
  const reason = columns.reason[row] as Reason;
  assert.ok(process === 0 || reason === Reason.none, 'a process and a reason why there is none');
  return process === 0 ? reason : processNames.nameOf(process);
}

function isFdFolder(path: Uint8Array): boolean {
  return Buffer.from(path).toString().endsWith('/fd\0');
}

function closeFolder(libc: Libc, closed: string): Libc {
  let isDenied = false;
  return {
    ...libc,
    open(path, flags) {
      isDenied = Buffer.from(path).toString() === `${closed}\0`;
      return isDenied ? -1 : libc.open(path, flags);
    },
    errno: () => (isDenied ? EACCES : libc.errno()),
  };
}

/** Lists descriptors by number, as procfs does and other file systems do not. */
function listInOrder(libc: Libc): Libc {
  const unlisted = new Set<number>();
  return {
    ...libc,
    open(path, flags) {
      const fd = libc.open(path, flags);
      if (fd >= 0) unlisted.add(fd);
      return fd;
    },
    getdents64(fd, buffer) {
      if (!unlisted.delete(fd)) return 0;
      const names = readdirSync(`/proc/self/fd/${fd}`).sort((a, b) => Number(a) - Number(b));
      const records = Buffer.concat(names.map(toDirectoryEntry));
      buffer.set(records);
      return records.length;
    },
  };
}

/** struct linux_dirent64 (man 2 getdents). */
function toDirectoryEntry(name: string): Buffer {
  const record = Buffer.alloc(32);
  record.writeUInt16LE(record.length, 16);
  record.write(name, 19);
  return record;
}
