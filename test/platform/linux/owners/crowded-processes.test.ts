import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCrowdSearch } from '../../../../src/platform/linux/owners/crowded-processes.ts';
import type { OpenFds } from '../../../../src/platform/linux/owners/process-fds.ts';
import { type ProcessRecord, ProcessTable } from '../../../../src/platform/linux/owners/process-table.ts';
import { identityOf } from './identity-of.ts';

describe('processes near their limit of descriptors', () => {
  it('are found whatever they hold, and forgotten when they are not near it any more', () => {
    const host = createHost({ counts: true });
    for (let pid = 1; pid <= 20; pid++) host.start(pid, { open: 10, limit: 100 });
    host.start(21, { open: 50, limit: 100 });
    const freed = host.start(22, { open: 999, limit: 1000 });
    host.start(23, { open: 5000, limit: undefined });
    assert.deepEqual(host.find(), [22, 21]);
    host.fds.set(freed, { open: 40, limit: 1000 });
    assert.deepEqual(host.find(), [21]);
  });

  it('are not looked for among those that own sockets, which are on the page anyway', () => {
    const host = createHost({ counts: true });
    const owner = host.start(1, { open: 99, limit: 100 });
    assert.deepEqual(host.find(), [1]);
    owner.held.set(3, 4711);
    assert.deepEqual(host.find(), []);
  });

  it('are left when they end', () => {
    const host = createHost({ counts: true });
    const ended = host.start(1, { open: 99, limit: 100 });
    host.find();
    ended.isAlive = false;
    host.fds.delete(ended);
    assert.deepEqual(host.find(), []);
  });

  it('are found within some scrapes among thousands, each of which is bounded', () => {
    const host = createHost({ counts: true });
    host.find();
    for (let pid = 1; pid <= 2000; pid++) host.start(pid, { open: 1, limit: 100 });
    host.start(2001, { open: 99, limit: 100 });
    const scrapes = Array.from({ length: 41 }, () => {
      const before = host.looks();
      const found = host.find();
      assert.ok(host.looks() - before <= 52, `${host.looks() - before} looks`);
      return found;
    });
    assert.deepEqual(scrapes.at(-1), [2001]);
    assert.deepEqual(host.find(), [2001]);
  });

  it('are fewer to be looked at where each list of descriptors has to be read', () => {
    const host = createHost({ counts: false });
    for (let pid = 1; pid <= 100; pid++) host.start(pid, { open: 950, limit: 10_000 });
    host.find();
    assert.ok(host.looks() <= 14, `${host.looks()} looks`);
  });

  it('are the nearest hundred, if there are more', () => {
    const host = createHost({ counts: true });
    for (let pid = 1; pid <= 150; pid++) host.start(pid, { open: 500 + pid, limit: 1000 });
    const found = host.find();
    assert.equal(found.length, 100);
    assert.deepEqual(found.slice(0, 2), [150, 149]);
  });
});

/** `counts`: whether the kernel tells the number of descriptors. */
function createHost({ counts }: { counts: boolean }) {
  const processes = new ProcessTable();
  const fds = new Map<ProcessRecord, OpenFds>();
  let looks = 0;
  const findCrowded = createCrowdSearch(processes, (record) => {
    looks++;
    return fds.get(record);
  });
  return {
    fds,
    looks: () => looks,
    find: () => findCrowded().map(({ pid }) => pid),
    start(pid: number, open: OpenFds): ProcessRecord {
      const slot = processes.enter(pid, identityOf({ startTime: pid, name: `p${pid}`, folder: String(pid) }));
      const record = processes.at(slot)!;
      if (counts) record.fdCount = open.open;
      fds.set(record, open);
      return record;
    },
  };
}
