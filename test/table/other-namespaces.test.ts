import assert from 'node:assert/strict';
import { it } from 'node:test';
import { OtherNamespaces } from '../../src/table/other-namespaces.ts';
import { packUse } from '../../src/table/socket-row.ts';

it('rows keep the cgroup of their socket until the next read, however many there are', () => {
  const others = new OtherNamespaces();
  const fill = (rows: number) => {
    others.reset();
    for (let row = 0; row < rows; row++) {
      others.table.append(row, 0, 1, 0, 0, packUse(1, 4, others.table.groups.intern(7, 0)));
      if (row % 2 === 1) others.noteCgroup(row, 100 + (row % 5), 1);
    }
  };
  fill(5000);
  assert.equal(others.cgroupOf(4998), 0);
  assert.equal(others.cgroups.idOf(others.cgroupOf(4999)), (1n << 32n) + 104n);
  assert.deepEqual(
    [...others.rowsByNamespace()].map(([inum, rows]) => [inum, rows.length]),
    [[7, 5000]],
  );
  fill(3);
  others.reset();
  others.table.append(0, 0, 1, 0, 0, packUse(1, 4, 0));
  others.table.append(1, 0, 1, 0, 0, packUse(1, 4, 0));
  assert.deepEqual([others.cgroupOf(0), others.cgroupOf(1), others.cgroups.length], [0, 0, 1], 'nothing is left');
});
