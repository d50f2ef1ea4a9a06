import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadLibc } from '../../../../src/platform/linux/libc/libc.ts';
import { createFdLinks } from '../../../../src/platform/linux/owners/fd-links.ts';
import { createFdReport } from '../../../../src/platform/linux/owners/fd-report.ts';
import { KnownOwners } from '../../../../src/platform/linux/owners/known-owners.ts';
import type { ProcessRecord } from '../../../../src/platform/linux/owners/process-table.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';
import { identityOf } from './identity-of.ts';

test('shows, of each name, the process nearest to its limit', (t) => {
  const { start, report } = createHost(t);
  const owners = [
    start(10, 'web', 500, '1000'),
    start(11, 'web', 60, '64'),
    start(12, 'web', 900, '2000'),
    start(13, 'free', 5000, 'unlimited'),
    start(14, 'free', 6, '100'),
    start(15, 'mute', 3, undefined),
  ];
  for (const { held, pid } of owners) held.set(0, pid);
  assert.deepEqual(report(owners), [
    { process: 'web', open: 60, limit: 64 },
    { process: 'free', open: 6, limit: 100 },
    { process: 'mute', open: 3, limit: undefined },
  ]);
});

test('shows those near their limit that own no socket, under the name they have on the page', (t) => {
  const { start, report } = createHost(t);
  const owner = start(10, 'web', 5, '100');
  owner.held.set(0, 4711);
  start(11, 'web', 80, '100');
  start(12, 'leaky', 50, '100');
  start(13, 'idle', 49, '100');
  const cells = report([owner], (record) => `${record.name}_`);
  assert.deepEqual(cells, [
    { process: 'web', open: 5, limit: 100 },
    { process: 'web_', open: 80, limit: 100 },
    { process: 'leaky_', open: 50, limit: 100 },
  ]);
});

test('counts closed sockets of those near their limit only', (t) => {
  const { procfs, start, report } = createHost(t);
  for (const [pid, open] of [
    [10, 60],
    [11, 40],
  ] as const) {
    start(pid, `p${pid}`, open, '100');
    mkdirSync(join(procfs, `${pid}/ns`));
    mkdirSync(join(procfs, `${pid}/fd`));
    symlinkSync('net:[1]', join(procfs, `${pid}/ns/net`));
    symlinkSync('socket:[77]', join(procfs, `${pid}/fd/3`));
  }
  const owners = [start(12, 'p12', 5, '100'), start(13, 'busy', 60, '100')];
  for (let fd = 0; fd < 56; fd++) owners[1]!.held.set(fd, 1000 + fd); // what is left is too few
  report(owners);
  // of a fake link nobody can tell the protocol: it is counted for none
  assert.deepEqual(report(owners), [
    { process: 'p12', open: 5, limit: 100 },
    { process: 'busy', open: 60, limit: 100 },
    { process: 'p10', open: 60, limit: 100, closedSockets: 0 },
  ]);
});

function createHost(t: TestContext) {
  const procfs = temporaryFolder(t);
  mkdirSync(join(procfs, 'own/thread-self/ns'), { recursive: true });
  symlinkSync('net:[1]', join(procfs, 'own/thread-self/ns/net'));
  const known = new KnownOwners();
  const links = createFdLinks(loadLibc(), procfs);
  const reportFds = createFdReport({
    libc: loadLibc(),
    procfs,
    ownProcfs: join(procfs, 'own'),
    known,
    links,
    countFds: () => -1,
  });
  return {
    procfs,
    report: (owners: readonly ProcessRecord[], nameOf = ({ name }: ProcessRecord) => name) =>
      reportFds(
        owners.map((record) => ({ record, name: record.name })),
        nameOf,
      ),
    /** A process with `open` descriptors, as a search has left it. */
    start(pid: number, name: string, open: number, limit: string | undefined): ProcessRecord {
      mkdirSync(join(procfs, String(pid)));
      if (limit !== undefined)
        writeFileSync(join(procfs, `${pid}/limits`), `Max open files  ${limit}  524288  files\n`);
      const record = known.processes.at(
        known.processes.enter(pid, identityOf({ startTime: pid, name, folder: String(pid) })),
      )!;
      record.fdCount = open;
      return record;
    },
  };
}
