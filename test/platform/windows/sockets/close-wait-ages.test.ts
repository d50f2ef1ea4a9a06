import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCloseWaitReader } from '../../../../src/platform/windows/sockets/close-wait-ages.ts';
import { SOCKETS_V4, SOCKETS_V6 } from '../../../../src/platform/windows/sockets/tcp-layout.ts';
import type { TcpTable } from '../../../../src/platform/windows/sockets/tcp-table.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { describeRows, type HandMadeRow, handMadeTable } from '../hand-made-table.ts';

const LEAK: HandMadeRow = {
  state: 8,
  local: ['10.0.0.5', 49_714],
  remote: ['10.0.0.9', 1433],
  pid: 4321,
  created: 133_000_000_000_000_000n,
};

describe('createCloseWaitReader', () => {
  it('counts from the first scrape that showed the socket in CLOSE_WAIT', () => {
    const ages = readAt([
      [1000, [{ ...LEAK, state: 5 }]],
      [16_000, [LEAK]],
      [31_000, [LEAK]],
      [91_500, [LEAK]],
    ]);
    assert.deepEqual(ages, [[], [0], [15_000], [75_500]]);
  });

  it('takes a socket of the same addresses and ports but another time of creation for another one', () => {
    const next = { ...LEAK, created: LEAK.created! + 1n };
    assert.deepEqual(
      readAt([
        [0, [LEAK]],
        [5000, [next]],
        [6000, [next, LEAK]],
      ]),
      [[0], [0], [1000, 0]],
    );
  });

  it('tells sockets apart by each of their addresses and ports', () => {
    const others: HandMadeRow[] = [
      { ...LEAK, local: ['10.0.0.6', 49_714] },
      { ...LEAK, local: ['10.0.0.5', 49_715] },
      { ...LEAK, remote: ['10.0.0.8', 1433] },
      { ...LEAK, remote: ['10.0.0.9', 1434] },
    ];
    assert.deepEqual(
      readAt([
        [0, [LEAK]],
        [5000, [LEAK, ...others]],
      ])[1],
      [5000, 0, 0, 0, 0],
    );
  });

  it('claims no age where the time of creation is not known', () => {
    assert.deepEqual(
      readAt([
        [0, [{ ...LEAK, created: 0n }]],
        [5000, [{ ...LEAK, created: 0n }]],
      ]),
      [[0], [0]],
    );
  });

  it('reads listeners too, whose owners others inherit, and both families', () => {
    const table = new SocketTable();
    const v4 = handMadeTable(SOCKETS_V4, [
      LEAK,
      { state: 2, local: ['0.0.0.0', 80], pid: 4 },
      { state: 5, local: ['10.0.0.5', 80] },
    ]);
    const v6 = handMadeTable(SOCKETS_V6, [{ ...LEAK, local: ['fd00::5', 80], remote: ['fd00::9', 50_000] }]);
    createCloseWaitReader(() => [v4, v6]).read(table, { deadlineMs: 0, now: () => 0 });
    assert.deepEqual(describeRows(table), [
      'ipv4 close_wait 10.0.0.5:49714 10.0.0.9:1433 pid 4321',
      'ipv4 listen 0.0.0.0:80 0.0.0.0:0 pid 4',
      'ipv6 close_wait fd00::5:80 fd00::9:50000 pid 4321',
    ]);
  });
});

/** The ages that reads at these times find, in milliseconds. */
function readAt(scrapes: readonly (readonly [atMs: number, rows: readonly HandMadeRow[]])[]): number[][] {
  let last: readonly TcpTable[] = [];
  const reader = createCloseWaitReader(() => last);
  return scrapes.map(([atMs, rows]) => {
    last = [handMadeTable(SOCKETS_V4, rows)];
    const table = new SocketTable();
    reader.read(table, { deadlineMs: atMs + 1, now: () => atMs });
    return Array.from({ length: table.length }, (_, row) => table.rowAt(row).milliseconds);
  });
}
