import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SOCKETS_V4, SOCKETS_V6, type TcpTableLayout } from '../../../../src/platform/windows/sockets/tcp-layout.ts';
import { decodeTcpTable, type TcpTable } from '../../../../src/platform/windows/sockets/tcp-table.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { handMadeTable } from '../hand-made-table.ts';

const ROWS = 60_000;
const MOST_CPU_MS = 100;
const DECODES = 5;

for (const layout of [SOCKETS_V4, SOCKETS_V6]) {
  test(`decoding ${ROWS} rows of ${layout.struct} takes at most ${MOST_CPU_MS} ms of CPU`, () => {
    const table = new SocketTable();
    const source = busyHost(layout);
    const costs = Array.from({ length: DECODES }, () => cpuMsOf(() => decode(source, table)));
    assert.equal(table.length, ROWS);
    assert.ok(Math.min(...costs) < MOST_CPU_MS, `${costs.map((ms) => ms.toFixed(1)).join(', ')} ms`);
  });

  test(`decoding rows of ${layout.struct} makes no object per row`, () => {
    const table = new SocketTable();
    const source = busyHost(layout);
    decode(source, table);
    decode(source, table);
    const before = process.memoryUsage().heapUsed;
    decode(source, table);
    const grown = process.memoryUsage().heapUsed - before;
    // the smallest object has 12 bytes; a garbage collection in between makes the number negative
    assert.ok(grown < ROWS * 12, `${grown} bytes`);
  });
}

/** Many clients at one port, and as many connections of some hundred processes to one server. */
function busyHost(layout: TcpTableLayout): TcpTable {
  const prefix = layout.isIpv6 ? 'fd00::' : '10.0.';
  const address = (number: number) =>
    layout.isIpv6 ? `${prefix}${number.toString(16)}` : `${prefix}${number >> 8}.${number & 255}`;
  return handMadeTable(
    layout,
    Array.from({ length: ROWS }, (_, row) => ({
      state: row % 3 === 0 ? 11 : 5,
      local: [address(1), row % 2 === 0 ? 443 : 49_152 + (row % 16_384)] as const,
      remote: [address(row % 2 === 0 ? row % 30_000 : 9), row % 2 === 0 ? 1024 + (row % 60_000) : 1433] as const,
      pid: row % 3 === 0 ? 0 : 4 * (1 + (row % 300)),
    })),
  );
}

function decode(source: TcpTable, table: SocketTable): void {
  table.reset();
  decodeTcpTable(source, table);
}

function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
