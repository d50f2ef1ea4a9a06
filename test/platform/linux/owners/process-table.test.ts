import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_NAME, ProcessTable } from '../../../../src/platform/linux/owners/process-table.ts';
import { identityOf } from './identity-of.ts';

const identity = (startTime: number, name = 'x', folder = '7') => identityOf({ startTime, name, folder });

describe('ProcessTable', () => {
  it('takes a pid with another start time for another process', () => {
    const table = new ProcessTable();
    const first = table.enter(7, identity(1));
    assert.equal(table.enter(7, identity(1)), first);
    const second = table.enter(7, identity(2));
    assert.notEqual(second, first);
    assert.deepEqual([table.at(first)!.isAlive, table.at(second)!.isAlive], [false, true]);
    assert.equal(table.slotOf(7), second);
  });

  it('brings name and folder up to date, of the same process only', () => {
    const table = new ProcessTable();
    const slot = table.enter(7, identity(1, 'sh'));
    assert.equal(table.update(slot, identity(1, 'nginx', '7/task/8')), true);
    assert.deepEqual([table.at(slot)!.name, table.at(slot)!.folder], ['nginx', '7/task/8']);
    assert.equal(table.update(slot, identity(2, 'java')), false);
    assert.deepEqual([table.at(slot)!.name, table.at(slot)!.isAlive, table.slotOf(7)], ['nginx', false, undefined]);
    assert.equal(table.update(slot, identity(1, 'again')), false, 'the dead stay dead');
  });

  it('forgets the id of a name with the name, and of all names when they get other ids', () => {
    const table = new ProcessTable();
    const [one, two] = [table.enter(7, identity(1, 'sh')), table.enter(8, identity(1, 'sh'))];
    const nameIds = () => [one, two].map((slot) => table.at(slot)!.nameId);
    assert.deepEqual(nameIds(), [NO_NAME, NO_NAME]);
    for (const slot of [one, two]) table.at(slot)!.nameId = 5;
    table.update(one, identity(1, 'sh', '7/task/8'));
    assert.deepEqual(nameIds(), [5, 5]);
    table.update(one, identity(1, 'nginx'));
    assert.deepEqual(nameIds(), [NO_NAME, 5]);
    table.forgetNameIds();
    assert.deepEqual(nameIds(), [NO_NAME, NO_NAME]);
  });

  it('tells once that a process which holds sockets has another name', () => {
    const table = new ProcessTable();
    const [holder, other] = [table.enter(7, identity(1, 'sh')), table.enter(8, identity(1, 'sh'))];
    table.at(holder)!.held.set(3, 101);
    assert.equal(table.takeRenamed(), false);
    table.update(other, identity(1, 'nginx'));
    table.update(holder, identity(1, 'sh'));
    assert.equal(table.takeRenamed(), false);
    table.update(holder, identity(1, 'nginx'));
    assert.deepEqual([table.takeRenamed(), table.takeRenamed()], [true, false]);
  });

  it('gives a slot to another process only after the dead were removed', () => {
    const table = new ProcessTable();
    const slots = [7, 8, 9].map((pid) => table.enter(pid, identity(1)));
    table.keepOnly(new Set([7, 9]));
    assert.equal(slots.includes(table.enter(10, identity(1))), false);
    table.removeDead();
    assert.equal(table.at(slots[1]!), undefined);
    assert.equal(table.enter(11, identity(1)), slots[1]);
    assert.equal(table.records.length, 4);
  });

  it('does not grow with the processes that come and go', () => {
    const table = new ProcessTable();
    for (let pid = 1; pid <= 1000; pid++) {
      table.keepOnly(new Set([pid - 1]));
      table.removeDead();
      table.enter(pid, identity(pid));
    }
    assert.ok(table.records.length <= 2);
  });

  it('counts no ended process among those whose descriptors are closed to us', () => {
    const table = new ProcessTable();
    const slot = table.enter(7, identity(1));
    assert.equal(table.hasDenied(), false);
    table.at(slot)!.isDenied = true;
    assert.equal(table.hasDenied(), true);
    table.keepOnly(new Set());
    assert.equal(table.hasDenied(), false);
  });
});
