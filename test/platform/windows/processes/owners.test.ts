import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createOwnerResolver } from '../../../../src/platform/windows/processes/owners.ts';
import { createProcessList } from '../../../../src/platform/windows/processes/process-list.ts';
import { Reason } from '../../../../src/table/socket-row.ts';
import { socketTable } from '../../../support/tables/socket-rows.ts';
import { fakeKernel32 } from '../fake-calls.ts';

const PROCESSES = [
  { pid: 4, name: 'System', handles: 4310 },
  { pid: 800, name: 'svchost.exe', handles: 300 },
  { pid: 804, name: 'svchost.exe', handles: 912 },
  { pid: 808, name: 'svchost.exe', handles: 20 },
  { pid: 900, name: 'lsass.exe' },
  { pid: 904, name: 'wine.exe', handles: 0 },
  { pid: 5000, name: 'idle.exe', handles: 77 },
];
const BUDGET = { deadlineMs: 1, now: () => 0 };

describe('createOwnerResolver', () => {
  it('names the process of each row, and leaves rows without a pid alone', () => {
    const { table } = resolve([4, 800, 0, 804, 800]);
    assert.deepEqual(namesOf(table), ['System', 'svchost.exe', 'unknown', 'svchost.exe', 'svchost.exe']);
    assert.equal(table.rowAt(2).reason, Reason.none);
  });

  it('says that a pid without a process is not resolved', () => {
    const { table } = resolve([1234, 4]);
    assert.deepEqual(namesOf(table), ['unknown', 'System']);
    assert.deepEqual([table.rowAt(0).reason, table.rowAt(1).reason], [Reason.unresolved, Reason.none]);
  });

  it('recalls owners of other rows from the same snapshot', () => {
    const { owners, kernel32 } = resolve([4]);
    const table = rows([800]);
    owners.recall(table);
    assert.deepEqual(namesOf(table), ['svchost.exe']);
    assert.equal(kernel32.snapshots, 1);
  });

  it('counts the handles of processes that own sockets, of each name the most, where they can be read', () => {
    const { owners, kernel32 } = resolve([4, 800, 804, 808, 900, 904, 1234, 0]);
    assert.deepEqual(owners.readFds(), [
      { process: 'System', open: 4310, limit: undefined },
      { process: 'svchost.exe', open: 912, limit: undefined },
    ]);
    assert.equal(kernel32.open.size, 0);
  });
});

function resolve(pids: readonly number[]) {
  const kernel32 = fakeKernel32(PROCESSES);
  const owners = createOwnerResolver(kernel32, createProcessList(kernel32));
  const table = rows(pids);
  owners.resolve(table, BUDGET);
  return { owners, kernel32, table };
}

function rows(pids: readonly number[]) {
  return socketTable(pids.map((owner) => ({ state: 'established', local: ['10.0.0.5', 80], owner })));
}

function namesOf(table: ReturnType<typeof rows>): string[] {
  return Array.from({ length: table.length }, (_, row) => table.processNames.nameOf(table.rowAt(row).process));
}
