import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RING_FD } from '../../../../src/platform/linux/owners/held-fds.ts';
import { isProcess, isRing, NO_NAME, ProcessTable } from '../../../../src/platform/linux/owners/process-table.ts';
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

  it('has threads under the name of their process, with their rings, and ends them with it', () => {
    const table = new ProcessTable();
    const process = table.enter(7, identity(1, 'sh'));
    const thread = table.enterThread(process, 8, { ...identity(1, 'sh', '7/task/8'), threadStart: 5 });
    table.at(thread)!.held.set(3, RING_FD);
    const ring = table.enterRing(thread, 3);
    const parts = () => [process, thread, ring].map((slot) => table.at(slot)!);
    assert.deepEqual(parts().map(isProcess), [true, false, false]);
    assert.deepEqual(parts().map(isRing), [false, false, true]);
    assert.deepEqual(
      parts().map((record) => table.processOf(record).pid + record.pid),
      [14, 14, 14],
    );
    assert.equal(table.slotOf(8), undefined, 'it is no process');
    table.update(process, identity(1, 'nginx'));
    assert.deepEqual(
      parts().map(({ name, folder }) => `${name} ${folder}`),
      ['nginx 7', 'nginx 7/task/8', 'nginx 7/task/8'],
    );
    table.at(thread)!.isDenied = true;
    assert.deepEqual(
      parts().map((record) => table.isClosed(record)),
      [false, true, true],
    );
    table.update(process, identity(2));
    assert.deepEqual(
      parts().map(({ isAlive }) => isAlive),
      [false, false, false],
    );
  });

  it('takes a thread with another start time for another thread, of the same process', () => {
    const table = new ProcessTable();
    const process = table.enter(7, identity(1));
    const enterThread = (threadStart: number) =>
      table.enterThread(process, 8, { ...identity(1, 'x', '7/task/8'), threadStart });
    const first = enterThread(5);
    assert.deepEqual([...table.at(process)!.threads!], [[8, first]]);
    assert.equal(table.update(first, { ...identity(1, 'x', '7/task/8'), threadStart: 6 }), false);
    assert.deepEqual(
      [table.at(process)!.isAlive, table.slotOf(7), table.at(process)!.threads!.size],
      [true, process, 0],
    );
    const second = enterThread(6);
    table.removeDead();
    assert.deepEqual([table.at(first), [...table.at(process)!.threads!]], [undefined, [[8, second]]]);
  });
});
