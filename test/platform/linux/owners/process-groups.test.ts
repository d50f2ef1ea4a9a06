import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createCgroupView } from '../../../../src/platform/linux/cgroups/cgroup-view.ts';
import { createProcessGroups } from '../../../../src/platform/linux/owners/process-groups.ts';
import { NO_NAME, type ProcessRecord, ProcessTable } from '../../../../src/platform/linux/owners/process-table.ts';
import { groupOf, ROW_WORDS } from '../../../../src/table/socket-row.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';
import { identityOf } from './identity-of.ts';
import { createOwnedHost, ENDLESS, toRows } from './owned-host.ts';

describe('cgroups of processes', () => {
  it('are read once, again in the scrape after the first, and seldom later', (t) => {
    const { idOf, move, groups, table } = createTree(t);
    const processes = new ProcessTable();
    const record = start(processes, 10);
    move(10, '/a.service');
    const groupNow = () => table.groups.idOf(groups.indexOf(record, table)!);
    assert.equal(groupNow(), idOf('a.service'));
    move(10, '/b.service');
    assert.equal(groups.refresh(processes.records), false);
    assert.equal(groupNow(), idOf('a.service'));
    assert.equal(groups.refresh(processes.records), true);
    assert.equal(groupNow(), idOf('b.service'));
    move(10, '/a.service');
    const refreshed = Array.from({ length: 30 }, () => groups.refresh(processes.records));
    assert.equal(refreshed.filter(Boolean).length, 1);
    assert.equal(groupNow(), idOf('a.service'));
  });

  it('are not to be had of a process whose cgroup is removed, or one that is gone', (t) => {
    const { move, groups, table } = createTree(t);
    const processes = new ProcessTable();
    const [gone, ended] = [start(processes, 10), start(processes, 11)];
    move(10, '/removed.service (deleted)');
    assert.deepEqual([groups.indexOf(gone, table), groups.indexOf(ended, table)], [undefined, undefined]);
  });

  it('are unknown, and not those that created the sockets, of a process outside of what is mounted', (t) => {
    const { procfs, move, idOf, groups } = createTree(t);
    const { table, hold, dump, owners } = createOwnedHost(t, { procfs, groups });
    hold(10, 'web', 101);
    move(10, '/../b.service');
    dump(toRows([101]));
    table.setGroup(0, table.groups.intern(Number(idOf('a.service')), 0));
    owners.resolve(table, ENDLESS);
    assert.equal(groupOf(table.words, 0), 0);
  });

  it('are looked at a few hundred at a time; for the others there is news in the next scrape', (t) => {
    const { move, groups, table } = createTree(t);
    const processes = new ProcessTable();
    const records = Array.from({ length: 600 }, (_, index) => start(processes, 100 + index));
    for (const { pid } of records) move(pid, '/a.service');
    const known = () => records.filter((record) => groups.indexOf(record, table) !== undefined).length;
    assert.equal(known(), 500);
    assert.equal(groups.refresh(processes.records), true);
    assert.equal(known(), 600);
  });

  it('are those of the rows that have an owner, whatever the sockets were made in', (t) => {
    const { procfs, idOf, move, groups } = createTree(t);
    const { table, hold, scrape, end } = createOwnedHost(t, { procfs, groups });
    hold(10, 'web', 101);
    hold(11, 'web', 102);
    move(10, '/a.service');
    move(11, '/b.service');
    const groupsOf = () =>
      Array.from({ length: table.length }, (_, row) => table.groups.idOf(groupOf(table.words, row * ROW_WORDS)));
    scrape(101, 102, 0, 999);
    assert.deepEqual(groupsOf(), [idOf('a.service'), idOf('b.service'), 0n, 0n]);
    // another process of the same name has it now
    end(10);
    hold(12, 'web', 101);
    move(12, '/b.service');
    for (let turn = 0; turn < 3; turn++) scrape(101, 102, 0, 999);
    assert.deepEqual(groupsOf(), [idOf('b.service'), idOf('b.service'), 0n, 0n]);
    move(11, '/a.service');
    for (let turn = 0; turn < 25; turn++) scrape(101, 102, 0, 999);
    assert.deepEqual(groupsOf(), [idOf('b.service'), idOf('a.service'), 0n, 0n]);
  });
});

describe('ProcessGroups', () => {
  it('has a process named again that is in another cgroup, since rules may ask for it', (t) => {
    const { groups, table, move } = createTree(t);
    const processes = new ProcessTable();
    const record = start(processes, 11);
    record.label = { name: 'shop', by: 1 };
    record.nameId = 5;
    move(11, '/a.service');
    for (let scrape = 0; scrape < 3; scrape++) {
      groups.indexOf(record, table);
      groups.refresh(processes.records);
    }
    assert.deepEqual([record.label?.name, record.nameId], ['shop', 5]);
    move(11, '/b.service');
    for (let scrape = 0; scrape < 25; scrape++) groups.refresh(processes.records);
    assert.deepEqual([record.label, record.nameId], [undefined, NO_NAME]);
  });
});

/** Two cgroups that are folders, and a procfs whose processes may be in them. */
function createTree(t: TestContext) {
  const folder = temporaryFolder(t);
  const procfs = temporaryFolder(t);
  for (const name of ['fs/cgroup', 'fs/cgroup/a.service', 'fs/cgroup/b.service'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'fs/cgroup/cgroup.controllers'), '');
  return {
    procfs,
    table: new SocketTable(),
    groups: createProcessGroups(procfs, createCgroupView({ procfs, sysfs: folder })),
    idOf: (name: string) => statSync(join(folder, 'fs/cgroup', name), { bigint: true }).ino,
    move(pid: number, path: string) {
      mkdirSync(join(procfs, String(pid)), { recursive: true });
      writeFileSync(join(procfs, `${pid}/cgroup`), `0::${path}\n`);
    },
  };
}

/** A process that owns a socket. */
function start(processes: ProcessTable, pid: number): ProcessRecord {
  const record = processes.at(processes.enter(pid, identityOf({ startTime: pid, name: 'web', folder: String(pid) })))!;
  record.held.set(3, pid);
  return record;
}
