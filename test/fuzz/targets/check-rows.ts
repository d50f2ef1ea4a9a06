import assert from 'node:assert/strict';
import { Family, type SocketTable } from '../../../src/model/socket-table.ts';
import { STATE_SLOTS } from '../../../src/model/tcp-state.ts';

/** Every row of a table points to what is there, and there are no more of them than the bytes can hold. */
export function checkRows(table: SocketTable, mostRows: number): void {
  assert.ok(table.length <= mostRows, `${table.length} rows where ${mostRows} have room`);
  assert.ok(table.capacity <= Math.max(1024, 2 * mostRows + 2), `room for ${table.capacity} rows`);
  const { columns, addresses, groups } = table;
  for (let row = 0; row < table.length; row++) {
    assert.ok(columns.family[row] === Family.v4 || columns.family[row] === Family.v6, 'family');
    assert.ok(columns.state[row]! < STATE_SLOTS, 'state');
    assert.ok(columns.localAddress[row]! < addresses.length && columns.localAddress[row]! >= 0, 'local address');
    assert.ok(columns.remoteAddress[row]! < addresses.length && columns.remoteAddress[row]! >= 0, 'remote address');
    assert.ok(columns.group[row]! < groups.length && columns.group[row]! >= 0, 'group');
    assert.equal(columns.process[row], 0);
    assert.equal(columns.reason[row], 0);
  }
  for (const { row, length, limit } of table.listenQueues) {
    assert.ok(row < table.length && Number.isInteger(length) && length >= 0, 'accept queue');
    assert.ok(limit === undefined || (Number.isInteger(limit) && limit >= 0), 'limit of an accept queue');
  }
}

/** Every value of a table, to compare two of them. */
export function valuesOf(table: SocketTable): unknown {
  const columns = Object.entries(table.columns).map(([name, column]) => [name, [...column.subarray(0, table.length)]]);
  const addresses = Array.from({ length: table.addresses.length }, (_, id) => table.addresses.wordsOf(id));
  return [columns, addresses, table.listenQueues];
}
