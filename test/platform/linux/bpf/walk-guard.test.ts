import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MissedDeadline } from '../../../../src/model/missed-deadline.ts';
import { WalkDisturbed } from '../../../../src/platform/linux/bpf/kernel-walk.ts';
import { createWalkCheck } from '../../../../src/platform/linux/bpf/walk-check.ts';
import { guardReader, WalkGuard } from '../../../../src/platform/linux/bpf/walk-guard.ts';
import type { SocketReader } from '../../../../src/platform/platform.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { addSocketRows } from '../../../support/tables/socket-rows.ts';

const BUDGET = { now: () => 0, deadlineMs: 1000 };
const QUARTER_MS = 15 * 60_000;

describe('guardReader', () => {
  it('reads by the other source in the same scrape when the walk fails, and from then on', () => {
    const { guard, reader, walk } = createGuarded();
    assert.deepEqual([portsOf(reader), reader.source], [[1], 'bpf']);
    walk.error = new Error('EPERM');
    assert.deepEqual([portsOf(reader), reader.source], [[2], 'sock_diag']);
    walk.error = undefined;
    assert.deepEqual([portsOf(reader), reader.source], [[2], 'sock_diag']);
    assert.equal(reader.sourceReason, 'the reader in the kernel fails: EPERM');
    assert.deepEqual(guard.rejections, { disagrees: 0, fails: 1 });
  });

  it('keeps nothing of what a walk had read before it failed', () => {
    const { reader, walk } = createGuarded();
    walk.error = new Error('EFAULT');
    walk.ports = [7, 8];
    assert.deepEqual(portsOf(reader), [2]);
  });

  it('bears with a walk that is disturbed now and then, not with one that always is', () => {
    const { guard, reader, walk } = createGuarded();
    for (const error of ['disturbed', 'disturbed', undefined, 'disturbed', 'disturbed', 'disturbed'] as const) {
      assert.equal(guard.isOn, true);
      walk.error = error && new WalkDisturbed(error);
      assert.deepEqual(portsOf(reader), [error === undefined ? 1 : 2]);
    }
    assert.deepEqual([guard.isOn, guard.rejections.fails], [false, 1]);
  });

  it('does not blame the walk for a scrape that has no more time, or memory', () => {
    const { guard, reader, walk } = createGuarded();
    walk.error = new MissedDeadline('the walk', 'at 7 sockets');
    assert.throws(() => portsOf(reader), { name: 'MissedDeadline' });
    walk.error = new RangeError('Array buffer allocation failed');
    assert.throws(() => portsOf(reader), { name: 'RangeError' });
    assert.equal(guard.isOn, true);
  });
});

describe('createWalkCheck', () => {
  it('switches off a walk that lacks a socket, at start and later, and says what is wrong', () => {
    for (const isLater of [false, true]) {
      const { check, clock, guard, walk } = createChecked();
      if (isLater) {
        check.checkAtStart();
        assert.equal(guard.isOn, true);
      }
      walk.ports = [];
      clock.ms += QUARTER_MS;
      if (isLater) check.checkWhenDue();
      else check.checkAtStart();
      assert.deepEqual([guard.isOn, guard.rejections], [false, { disagrees: 1, fails: 0 }]);
      assert.equal(
        guard.reason,
        'the reader in the kernel disagrees with inet_diag: 1 sockets missing and 0 wrong, of 1',
      );
      walk.ports = [2];
      clock.ms += QUARTER_MS;
      check.checkWhenDue();
      assert.equal(guard.isOn, false, 'for good');
    }
  });

  it('compares every quarter of an hour only', () => {
    const { check, clock, walk } = createChecked();
    check.checkAtStart();
    const reads = walk.reads;
    clock.ms += QUARTER_MS - 1;
    check.checkWhenDue();
    assert.equal(walk.reads, reads);
    clock.ms += 1;
    check.checkWhenDue();
    assert.ok(walk.reads > reads);
  });

  it('does not use the walk before it was compared: where inet_diag fails at first, once that works', () => {
    const { check, dump, guard } = createChecked();
    dump.error = new Error('ENOBUFS');
    check.checkAtStart();
    assert.deepEqual([guard.isOn, guard.reason], [false, undefined]);
    dump.error = undefined;
    check.checkWhenDue();
    assert.deepEqual([guard.isOn, guard.rejections], [true, { disagrees: 0, fails: 0 }]);
  });

  it('tells the guard of a walk that fails while it is compared', () => {
    const { check, guard, walk } = createChecked();
    walk.error = new Error('a chain of sockets has no end');
    check.checkAtStart();
    assert.deepEqual([guard.isOn, guard.rejections], [false, { disagrees: 0, fails: 1 }]);
  });
});

interface Script {
  ports: readonly number[];
  error: Error | undefined;
  reads: number;
}

/** Reads listeners on the ports of its script, then throws the script's error. */
function createScripted(source: string, ports: readonly number[]): { script: Script; reader: SocketReader } {
  const script: Script = { ports, error: undefined, reads: 0 };
  const read = (table: SocketTable) => {
    script.reads++;
    addSocketRows(
      table,
      script.ports.map((port) => ({ state: 'listen' as const, local: ['10.0.0.1', port] as const })),
    );
    table.finish();
    if (script.error !== undefined) throw script.error;
  };
  return { script, reader: { source, comparesRows: true, read } };
}

function createGuarded() {
  const [walk, dump] = [createScripted('bpf', [1]), createScripted('sock_diag', [2])];
  const guard = new WalkGuard();
  return { guard, reader: guardReader(walk.reader, dump.reader, guard), walk: walk.script };
}

function createChecked() {
  const [walk, dump] = [createScripted('bpf', [2]), createScripted('sock_diag', [2])];
  const guard = new WalkGuard();
  const clock = { ms: 0 };
  const readers = {
    makeWalk: () => walk.reader,
    makeDump: () => dump.reader,
    countSockets: () => 1,
    now: () => clock.ms,
  };
  return { guard, clock, walk: walk.script, dump: dump.script, check: createWalkCheck(readers, guard) };
}

/** Ports of what a scrape reads. */
function portsOf(reader: SocketReader): number[] {
  const table = new SocketTable();
  reader.read(table, BUDGET);
  return Array.from({ length: table.length }, (_, row) => table.rowAt(row).localPort);
}
