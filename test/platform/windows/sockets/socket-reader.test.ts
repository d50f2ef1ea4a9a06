import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import { createSocketReader } from '../../../../src/platform/windows/sockets/socket-reader.ts';
import { BOUND_V4, BOUND_V6, SOCKETS_V4, SOCKETS_V6 } from '../../../../src/platform/windows/sockets/tcp-layout.ts';
import type { TcpTable } from '../../../../src/platform/windows/sockets/tcp-table.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { describeRows, handMadeTable, tableOf } from '../hand-made-table.ts';

const V4 = handMadeTable(SOCKETS_V4, [
  { state: 2, local: ['0.0.0.0', 443], pid: 4 },
  { state: 5, local: ['10.0.0.5', 50_001], remote: ['10.0.0.9', 1433], pid: 7 },
]);
const V6 = handMadeTable(SOCKETS_V6, [{ state: 2, local: ['::', 443], pid: 4 }]);
const BOUND: readonly TcpTable[] = [
  handMadeTable(BOUND_V4, [
    { state: 0, local: ['0.0.0.0', 443], pid: 4 },
    { state: 0, local: ['0.0.0.0', 50_001], pid: 7 },
    { state: 0, local: ['0.0.0.0', 50_001], pid: 8 },
    { state: 0, local: ['0.0.0.0', 50_002], pid: 7 },
  ]),
  handMadeTable(BOUND_V6, [
    { state: 0, local: ['::', 443], pid: 4 },
    { state: 0, local: ['::', 50_003], pid: 9 },
  ]),
];
const BUDGET = { deadlineMs: 100, now: () => 0 };

describe('createSocketReader', () => {
  it('reads both families, and bound sockets that are not in their tables', () => {
    const { table, reader } = read([V4, V6], () => BOUND);
    assert.deepEqual(describeRows(table), [
      'ipv4 listen 0.0.0.0:443 0.0.0.0:0 pid 4',
      'ipv4 established 10.0.0.5:50001 10.0.0.9:1433 pid 7',
      'ipv6 listen :::443 :::0 pid 4',
      'ipv4 bound 0.0.0.0:50001 0.0.0.0:0 pid 8',
      'ipv4 bound 0.0.0.0:50002 0.0.0.0:0 pid 7',
      'ipv6 bound :::50003 :::0 pid 9',
    ]);
    assert.deepEqual(reader.unsupportedStates, []);
    assert.deepEqual(reader.lastTables, [V4, V6]);
  });

  it('does without IPv6', () => {
    assert.equal(read([V4, undefined], undefined).table.length, 2);
  });

  it('does not see the state bound where no call tells it', () => {
    const { table, reader } = read([V4, V6], undefined);
    assert.equal(table.length, 3);
    assert.deepEqual(reader.unsupportedStates, [TcpState.bound]);
  });

  it('counts a bound socket of the main table, should there be one', () => {
    const main = handMadeTable(SOCKETS_V4, [{ state: 100, local: ['0.0.0.0', 50_001], pid: 7 }]);
    const { table, reader } = read([main], undefined);
    assert.deepEqual(describeRows(table), ['ipv4 bound 0.0.0.0:50001 0.0.0.0:0 pid 7']);
    assert.deepEqual(reader.unsupportedStates, []);
  });

  it('keeps all other sockets when the bound ones fail or are not a table, and sees them again afterwards', () => {
    const lying = [tableOf(BOUND_V4, new Uint8Array([9, 0, 0, 0]))];
    let bound: () => readonly TcpTable[] = () => BOUND;
    const reader = createSocketReader({ tables: [() => V4], boundTables: () => bound(), onScrape() {} });
    const lengths = [
      () => BOUND,
      () => lying,
      () => {
        throw new Error('ERROR_NOT_SUPPORTED');
      },
      () => BOUND,
    ].map((next) => {
      bound = next;
      const table = new SocketTable();
      reader.read(table, BUDGET);
      return [table.length, reader.unsupportedStates?.length];
    });
    assert.deepEqual(lengths, [
      [5, 0],
      [2, 1],
      [2, 1],
      [5, 0],
    ]);
  });

  it('forgets the scrape before it, once', () => {
    let scrapes = 0;
    const reader = createSocketReader({ tables: [() => V4], boundTables: undefined, onScrape: () => scrapes++ });
    reader.read(new SocketTable(), BUDGET);
    assert.equal(scrapes, 1);
  });

  it('stops when the deadline has passed', () => {
    const reader = createSocketReader({ tables: [() => V4, () => V6], boundTables: undefined, onScrape() {} });
    const times = [0, 101];
    assert.throws(
      () => reader.read(new SocketTable(), { deadlineMs: 100, now: () => times.shift() ?? 0 }),
      /missed the deadline at 2 sockets/,
    );
  });
});

function read(tables: readonly (TcpTable | undefined)[], boundTables: (() => readonly TcpTable[]) | undefined) {
  const reader = createSocketReader({ tables: tables.map((table) => () => table), boundTables, onScrape() {} });
  const table = new SocketTable();
  reader.read(table, BUDGET);
  return { table, reader };
}
