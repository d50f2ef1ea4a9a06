import assert from 'node:assert/strict';
import { createBoundTables } from '../../../src/platform/windows/sockets/bound-tables.ts';
import { createCloseWaitReader } from '../../../src/platform/windows/sockets/close-wait-ages.ts';
import { createExtendedTcpTable } from '../../../src/platform/windows/sockets/extended-tcp-table.ts';
import { createSocketReader } from '../../../src/platform/windows/sockets/socket-reader.ts';
import { BOUND_V4, BOUND_V6, SOCKETS_V4, SOCKETS_V6 } from '../../../src/platform/windows/sockets/tcp-layout.ts';
import { MIB_TCPSTATS, readTcpStatistics } from '../../../src/platform/windows/sockets/tcp-statistics.ts';
import {
  countRows,
  decodeBoundTable,
  decodeTcpTable,
  portsOf,
  type TcpTable,
} from '../../../src/platform/windows/sockets/tcp-table.ts';
import { SocketTable } from '../../../src/table/socket-table.ts';
import { fakeIphlpapi, fakeKernel32 } from '../../platform/windows/fake-calls.ts';
import { handMadeTable, tableOf } from '../../platform/windows/hand-made-table.ts';
import { answerOf, type FuzzTarget } from '../target.ts';
import { checkRows } from './check-rows.ts';

const LAYOUTS = [SOCKETS_V4, SOCKETS_V6, BOUND_V4, BOUND_V6] as const;
const DOES_NOT_FIT = { says: /^table of MIB_\w+: / };

export const WINDOWS_TABLES: Readonly<Record<string, FuzzTarget>> = {
  'tcp-table': {
    drives: ['countRows', 'decodeTcpTable', 'decodeBoundTable', 'decodeRow', 'portsOf', 'stateAt'].map(
      (name) => `platform/windows/sockets/tcp-table.ts#${name}`,
    ),
    holds: 'as many rows as the table claims and its bytes hold, or a refusal; bytes behind them change nothing',
    seeds: (read) => [
      Buffer.concat([Buffer.from([0]), read('windows/tcp-table-v4.bin')]),
      Buffer.concat([Buffer.from([1]), read('windows/tcp-table-v6.bin')]),
      ...[BOUND_V4, BOUND_V6].map((layout, index) => {
        const local = [index === 0 ? '10.0.0.1' : '::ffff:10.0.0.1', 49_152] as const;
        return Buffer.concat([
          Buffer.from([2 + index]),
          handMadeTable(layout, [{ state: 100, local, pid: 4 }]).buffer.bytes,
        ]);
      }),
    ],
    run(input) {
      const source = tableOf(LAYOUTS[(input[0] ?? 0) & 3]!, copyOf(input.subarray(1)));
      const rows = answerOf(() => countRows(source), DOES_NOT_FIT) ?? -1;
      assert.ok(rows * source.layout.rowLength <= source.length);
      const main = new SocketTable();
      answerOf(() => decodeTcpTable(source, main), DOES_NOT_FIT);
      assert.equal(main.length, Math.max(0, rows));
      checkRows(main, Math.max(0, rows));
      const bound = new SocketTable();
      answerOf(() => decodeBoundTable(source, bound, (port) => port % 2 === 0), DOES_NOT_FIT);
      checkRows(bound, main.length);
      assert.equal(answerOf(() => portsOf([source]), DOES_NOT_FIT) === undefined, rows < 0);
    },
  },
  'close-wait-ages': {
    drives: [
      'platform/windows/sockets/close-wait-ages.ts#createCloseWaitReader',
      'platform/windows/sockets/close-wait-ages.ts#nameSocket',
    ],
    holds: 'listeners and CLOSE_WAIT sockets only, none younger at a second look',
    seeds: (read) => [
      read('windows/tcp-table-v4.bin'),
      handMadeTable(SOCKETS_V4, [
        { state: 8, local: ['10.0.0.1', 80], remote: ['10.0.0.2', 50_000], pid: 4, created: 5n },
      ]).buffer.bytes,
    ],
    run(input) {
      const source = tableOf(SOCKETS_V4, copyOf(input));
      let nowMs = 0;
      const reader = createCloseWaitReader(() => [source]);
      const ages = [1000, 2000].map((ms) => {
        nowMs = ms;
        const table = new SocketTable();
        answerOf(() => reader.read(table, { now: () => nowMs, deadlineMs: 9000 }), DOES_NOT_FIT);
        checkRows(table, Math.floor(input.length / SOCKETS_V4.rowLength));
        return Array.from({ length: table.length }, (_, row) => table.rowAt(row).milliseconds);
      });
      assert.equal(ages[0]!.length, ages[1]!.length);
      for (const [row, age] of ages[0]!.entries()) assert.ok(age === 0 && [0, 1000].includes(ages[1]![row]!));
    },
  },
  'extended-tcp-table': {
    drives: [
      'platform/windows/sockets/extended-tcp-table.ts#createExtendedTcpTable',
      'platform/windows/sockets/socket-reader.ts#createSocketReader',
      'platform/windows/sockets/socket-reader.ts#findHolders',
    ],
    holds:
      'a scrape ends with rows that exist, or a refusal, whatever sizes and codes the calls give and whatever the bound tables hold',
    seeds: (read) => {
      const table = read('windows/tcp-table-v4.bin');
      const bound = handMadeTable(BOUND_V4, [{ state: 100, local: ['10.0.0.1', 49_152], pid: 4 }]).buffer.bytes;
      return [
        callsOf([0, 0], table, bound),
        callsOf([122, 100_000], table, bound),
        callsOf([50, 0], table, bound),
        callsOf([122, 500_000_000], table, bound),
      ];
    },
    // what a table of the largest size that is believed takes, see MOST_BYTES in the source
    mostBytes: 1_100_000_000,
    run(input) {
      const { code, size, table: bytes, bound } = splitCalls(input);
      let isFirst = true;
      const iphlpapi = fakeIphlpapi({
        getExtendedTcpTable(buffer, length) {
          const answer = isFirst ? code : 0;
          isFirst = false;
          buffer.set(bytes.subarray(0, buffer.length));
          if (answer === 122) length[0] = Math.min(size, 2_000_000) + (size > 400_000_000 ? 400_000_000 : 0);
          return answer;
        },
      });
      const reader = createSocketReader({
        tables: [createExtendedTcpTable(iphlpapi, 2, SOCKETS_V4), createExtendedTcpTable(iphlpapi, 23, SOCKETS_V6)],
        boundTables: () => [tableOf(BOUND_V4, copyOf(bound))],
        onScrape() {},
      });
      const table = new SocketTable();
      const budget = { now: () => 0, deadlineMs: 1 };
      const refusals = { says: /^(table of MIB_|GetExtendedTcpTable\(AF_INET6?\): )/ };
      answerOf(() => answerOf(() => reader.read(table, budget), { ...refusals, name: 'WindowsError' }), refusals);
      checkRows(table, 2 * 2_000_000);
    },
  },
  'bound-tables': {
    drives: [
      'platform/windows/sockets/bound-tables.ts#createBoundTables',
      'platform/windows/dll/heap-block.ts#copyHeapBlock',
    ],
    holds: 'blocks of the heap become tables whose rows fit, or the code of the call is told; every block is freed',
    seeds: () =>
      [BOUND_V4, BOUND_V6].map(
        (layout) =>
          handMadeTable(layout, [
            { state: 100, local: ['10.0.0.1', 49_152], pid: 4 },
            { state: 100, local: ['10.0.0.1', 49_153], pid: 4 },
          ]).buffer.bytes,
      ),
    run(input) {
      const heap = new Map<bigint, Uint8Array>();
      const give = (address: BigUint64Array): number => {
        address[0] = BigInt(heap.size + 1) * 4096n;
        heap.set(address[0], input);
        return 0;
      };
      const iphlpapi = fakeIphlpapi({ getBoundTcpTable: give, getBoundTcp6Table: give });
      const tables: readonly TcpTable[] = createBoundTables(iphlpapi, fakeKernel32([], heap))!();
      assert.equal(heap.size, 0);
      for (const table of tables) {
        const rows = answerOf(() => countRows(table), DOES_NOT_FIT) ?? 0;
        assert.ok(rows * table.layout.rowLength <= input.length);
      }
    },
  },
  'tcp-statistics': {
    drives: [
      'platform/windows/sockets/tcp-statistics.ts#readTcpStatistics',
      'platform/windows/sockets/tcp-statistics.ts#addTcpStatistics',
    ],
    holds: 'counters of 32 bits, or the code of the call',
    seeds: () => [
      Buffer.alloc(2 + 2 * 4 * MIB_TCPSTATS.length, 7),
      Buffer.concat([Buffer.from([0, 50]), Buffer.alloc(120, 0xff)]),
      Buffer.from([50, 50]),
    ],
    run(input) {
      const [code4 = 0, code6 = 0] = input;
      const iphlpapi = fakeIphlpapi({
        getTcpStatisticsEx(statistics, family) {
          const start = 2 + (family === 2 ? 0 : statistics.byteLength);
          new Uint8Array(statistics.buffer).set(input.subarray(start, start + statistics.byteLength));
          return family === 2 ? code4 : code6;
        },
      });
      const counters = answerOf(() => readTcpStatistics(iphlpapi), {
        name: 'WindowsError',
        says: /^GetTcpStatisticsEx/,
      });
      for (const value of Object.values(counters ?? {}))
        assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 32);
    },
  },
};

/** Memory of its own, as Windows' tables are given. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

function callsOf([code, size]: readonly [number, number], table: Uint8Array, bound: Uint8Array): Buffer {
  const head = Buffer.alloc(7);
  head.writeUInt8(code, 0);
  head.writeUInt32LE(size, 1);
  head.writeUInt16LE(table.length, 5);
  return Buffer.concat([head, table, bound]);
}

function splitCalls(input: Buffer) {
  const head = Buffer.concat([input], Math.max(7, input.length));
  const end = 7 + head.readUInt16LE(5);
  return { code: head[0]!, size: head.readUInt32LE(1), table: head.subarray(7, end), bound: head.subarray(end) };
}
