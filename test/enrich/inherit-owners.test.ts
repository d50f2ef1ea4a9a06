import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inheritOwners } from '../../src/enrich/inherit-owners.ts';
import { listenersByPort } from '../../src/enrich/listeners-by-port.ts';
import { Reason } from '../../src/table/socket-row.ts';
import { type SocketRow, socketTable } from '../support/tables/socket-rows.ts';

const PEER = ['192.0.2.9', 4000] as const;
const PEER_V6 = ['2001:db8::9', 4000] as const;

describe('inheritOwners', () => {
  it('gives an inbound row of any state the process and the group of the listener', () => {
    const states = ['timeWait', 'synRecv', 'established', 'closeWait', 'finWait2', 'lastAck'] as const;
    const rows = states.map((state) => ownerless(['10.0.0.1', 80], state));
    assert.deepEqual(
      inherit([listener(['0.0.0.0', 80], 'web', { group: 9 }), ...rows]),
      states.map(() => ({ process: 'web', reason: Reason.none, group: 1 })),
    );
  });

  it('gives the reason why the listener has no process', () => {
    for (const reason of [Reason.permission, Reason.unresolved]) {
      const [row] = inherit([listener(['0.0.0.0', 80], undefined, { reason }), ownerless(['10.0.0.1', 80])]);
      assert.deepEqual(row, { process: 'unknown', reason, group: 0 });
    }
  });

  it('leaves alone what has an owner or a group of its own', () => {
    const rows = inherit([
      listener(['0.0.0.0', 80], 'web', { group: 9 }),
      { ...ownerless(['10.0.0.1', 80], 'established'), owner: 5, process: 'worker' },
      { ...ownerless(['10.0.0.1', 80], 'established'), group: 8 },
    ]);
    assert.deepEqual(rows, [
      { process: 'worker', reason: Reason.none, group: 0 },
      { process: 'web', reason: Reason.none, group: 2 },
    ]);
  });

  it('says of a row without listener whether it may wait for accept() or has lost its owner', () => {
    const reasons = (
      ['established', 'closeWait', 'timeWait', 'synRecv', 'finWait1', 'finWait2', 'lastAck', 'closing'] as const
    ).map((state) => inherit([ownerless(['10.0.0.1', 5000], state)])[0]!.reason);
    const { unaccepted, kernel } = Reason;
    assert.deepEqual(reasons, [unaccepted, unaccepted, kernel, kernel, kernel, kernel, kernel, kernel]);
  });

  it('prefers the listener on the row’s own address, then the wildcard of its family, then the other wildcard', () => {
    const exact = listener(['10.0.0.1', 80], 'exact');
    const wildcard = listener(['0.0.0.0', 80], 'wildcard');
    const dual = listener(['::', 80], 'dual');
    const other = listener(['10.0.0.2', 80], 'other');
    const row = ownerless(['10.0.0.1', 80]);
    const processOf = (...listeners: SocketRow[]) => inherit([...listeners, row])[0]!.process;
    assert.equal(processOf(dual, wildcard, other, exact), 'exact');
    assert.equal(processOf(exact, other, wildcard, dual), 'exact');
    assert.equal(processOf(dual, other, wildcard), 'wildcard');
    assert.equal(processOf(other, dual), 'dual');
    assert.equal(processOf(other), 'unknown');
    assert.equal(inherit([wildcard, dual, ownerless(['fd00::1', 80])])[0]!.process, 'dual');
  });

  describe('of listeners that share an address', () => {
    const blue = listener(['10.0.0.1', 80], 'blue', { group: 7, queue: [0, 64] });
    const green = listener(['10.0.0.1', 80], 'green', { group: 8, queue: [3, 64] });
    const waiting = ownerless(['10.0.0.1', 80], 'closeWait');
    const processes = (...rows: SocketRow[]) => inherit(rows).map(({ process }) => process);

    it('names the one whose queue is not empty, for what waits for accept()', () => {
      for (const listeners of [
        [blue, green],
        [green, blue],
      ])
        assert.deepEqual(inherit([...listeners, waiting, ownerless(['10.0.0.1', 80], 'established')]), [
          { process: 'green', reason: Reason.none, group: listeners[0] === blue ? 2 : 1 },
          { process: 'green', reason: Reason.none, group: listeners[0] === blue ? 2 : 1 },
        ]);
    });

    it('names the one of the same cgroup, whatever the queues say', () => {
      assert.deepEqual(processes(blue, green, { ...waiting, group: 7 }, { ...waiting, group: 8 }), ['blue', 'green']);
    });

    it('names nobody where several fit', () => {
      const busy = { ...blue, queue: [1, 64] as const };
      assert.deepEqual(inherit([busy, green, waiting]), [{ process: 'unknown', reason: Reason.unaccepted, group: 0 }]);
      for (const state of ['timeWait', 'synRecv', 'finWait2'] as const)
        assert.deepEqual(inherit([blue, green, ownerless(['10.0.0.1', 80], state)]), [
          { process: 'unknown', reason: Reason.kernel, group: 0 },
        ]);
      const hidden = listener(['10.0.0.1', 80], undefined, { reason: Reason.permission });
      assert.deepEqual(processes(hidden, blue, ownerless(['10.0.0.1', 80])), ['unknown']);
    });

    it('names the process that all have, and the cgroup only if all have it too', () => {
      const other = { ...blue, group: 9 };
      assert.deepEqual(inherit([blue, other, ownerless(['10.0.0.1', 80])]), [
        { process: 'blue', reason: Reason.none, group: 0 },
      ]);
      assert.deepEqual(inherit([blue, blue, ownerless(['10.0.0.1', 80])]), [
        { process: 'blue', reason: Reason.none, group: 1 },
      ]);
    });
  });

  it('keeps apart the ports of one address', () => {
    const rows = [listener(['0.0.0.0', 80], 'web'), listener(['0.0.0.0', 81], 'admin')];
    assert.deepEqual(
      inherit([...rows, ownerless(['10.0.0.1', 81]), ownerless(['10.0.0.1', 80])]).map(({ process }) => process),
      ['admin', 'web'],
    );
  });

  it('gives groups alone when nobody asked for processes', () => {
    const rows = [listener(['0.0.0.0', 80], 'web', { group: 9 }), ownerless(['10.0.0.1', 80])];
    assert.deepEqual(inherit(rows, false), [{ process: 'unknown', reason: Reason.none, group: 1 }]);
  });
});

/** A row for which the kernel keeps no owner. */
function ownerless(local: SocketRow['local'], state: SocketRow['state'] = 'timeWait'): SocketRow {
  return { state, local, remote: local[0].includes(':') ? PEER_V6 : PEER };
}

function listener(local: SocketRow['local'], process: string | undefined, more: Partial<SocketRow> = {}): SocketRow {
  return { state: 'listen', local, owner: 1, ...(process !== undefined && { process }), ...more };
}

/** What the rows that do not listen have in the end. */
function inherit(rows: readonly SocketRow[], withProcesses = true) {
  const table = socketTable(rows);
  inheritOwners(table, table.added, listenersByPort(table), withProcesses);
  const outcomes = rows.map((_, row) => {
    const { process, reason, group } = table.rowAt(row);
    return { process: table.processNames.nameOf(process), reason, group };
  });
  return outcomes.filter((_, row) => rows[row]!.state !== 'listen');
}
