import assert from 'node:assert/strict';
import { STATE_SLOTS } from '../../../src/model/tcp-state.ts';
import { Family } from '../../../src/table/socket-row.ts';
import type { SocketTable } from '../../../src/table/socket-table.ts';

/** Every row of a table points to what is there, and there are no more of them than the bytes can hold. */
export function checkRows(table: SocketTable, mostRows: number): void {
  assert.ok(table.length <= mostRows, `${table.length} rows where ${mostRows} have room`);
  assert.ok(table.capacity <= Math.max(1024, 2 * mostRows + 2), `room for ${table.capacity} rows`);
  const { addresses, groups } = table;
  for (let row = 0; row < table.length; row++) {
    const { family, state, localAddress, remoteAddress, group, process, reason } = table.rowAt(row);
    assert.ok(family === Family.v4 || family === Family.v6, 'family');
    assert.ok(state < STATE_SLOTS, 'state');
    assert.ok(localAddress < addresses.length && localAddress >= 0, 'local address');
    assert.ok(remoteAddress < addresses.length && remoteAddress >= 0, 'remote address');
    assert.ok(group < groups.length && group >= 0, 'group');
    assert.equal(process, 0);
    assert.equal(reason, 0);
  }
  for (const { row, length, limit } of table.listenQueues) {
    assert.ok(row < table.length && Number.isInteger(length) && length >= 0, 'accept queue');
    assert.ok(limit === undefined || (Number.isInteger(limit) && limit >= 0), 'limit of an accept queue');
  }
}

/** Every value of a table, to compare two of them. */
export function valuesOf(table: SocketTable): unknown {
  const rows = Array.from({ length: table.length }, (_, row) => table.rowAt(row));
  const addresses = Array.from({ length: table.addresses.length }, (_, id) => table.addresses.wordsOf(id));
  return [rows, addresses, table.listenQueues];
}
