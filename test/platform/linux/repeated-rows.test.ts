import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SocketTable } from '../../../src/model/socket-table.ts';
import { TcpState } from '../../../src/model/tcp-state.ts';
import { decodeDump, MESSAGE } from '../../../src/platform/linux/inet-diag.ts';
import { allocateNetlinkBuffer } from '../../../src/platform/linux/netlink.ts';
import { RepeatedRows } from '../../../src/platform/linux/repeated-rows.ts';
import { rowsOfTable } from './socket-rows.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DIAG_BY_FAMILY = 20;
const SEQUENCE = 1;

interface Message {
  readonly family: number;
  readonly state: number;
  readonly localPort: number;
  readonly remotePort: number;
  /** Four words each; the first alone counts for AF_INET. */
  readonly local: readonly number[];
  readonly remote: readonly number[];
  readonly inode: number;
  readonly millisecondsLeft: number;
}

const anyWord = fc.constantFrom(0, 1, 0x0100007f, 0x0200000a, -1);
/** As good as all zero but for the last word, or v4-mapped, or anything. */
const anyAddress = fc.oneof(
  fc.tuple(fc.constant(0), fc.constant(0), fc.constant(-65536), anyWord),
  fc.tuple(anyWord, anyWord, anyWord, anyWord),
);
/** Of few values each, so that messages often differ in one thing only. */
const anyMessage: fc.Arbitrary<Message> = fc.record({
  family: fc.constantFrom(AF_INET, AF_INET6),
  state: fc.constantFrom(
    TcpState.established,
    TcpState.timeWait,
    TcpState.closeWait,
    TcpState.listen,
    TcpState.close,
    TcpState.synRecv,
  ),
  localPort: fc.constantFrom(80, 40_000),
  remotePort: fc.constantFrom(443, 50_000),
  local: anyAddress,
  remote: anyAddress,
  inode: fc.integer({ min: 0, max: 3 }),
  millisecondsLeft: fc.constantFrom(0, 60_000),
});

describe('a dump compared with the one before', () => {
  it('gives the rows that it gives by itself, whatever came, went or moved', () => {
    const anyDumps = fc
      .array(anyMessage, { maxLength: 30 })
      .chain((pool) => fc.array(fc.shuffledSubarray(pool), { minLength: 2, maxLength: 5 }));
    fc.assert(
      fc.property(anyDumps, (dumps) => {
        const table = new SocketTable();
        const repeated = new RepeatedRows();
        for (const dump of dumps) {
          table.turn();
          read(table, repeated, dump);
          const alone = new SocketTable();
          read(alone, new RepeatedRows(), dump);
          assert.deepEqual(rowsOfTable(table), rowsOfTable(alone));
          assert.deepEqual(millisecondsOf(table), millisecondsOf(alone));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('finds all rows again when nothing changed, and nearly all when one in twenty is another', () => {
    const sockets = Array.from({ length: 20_000 }, (_, index) => connection(index));
    const table = new SocketTable();
    const repeated = new RepeatedRows();
    assert.equal(countRepeated(table, repeated, sockets), 0);
    assert.equal(countRepeated(table, repeated, sockets), sockets.length);
    const churned = sockets.flatMap((socket, index) => {
      if (index % 20 === 7) return [];
      return index % 20 === 13 ? [connection(100_000 + index), socket] : [socket];
    });
    assert.equal(countRepeated(table, repeated, churned), 19_000);
  });

  it('finds its way back after many rows are gone', () => {
    const sockets = Array.from({ length: 20_000 }, (_, index) => connection(index));
    const table = new SocketTable();
    const repeated = new RepeatedRows();
    countRepeated(table, repeated, sockets);
    const rest = [...sockets.slice(0, 5000), ...sockets.slice(11_000)];
    assert.ok(countRepeated(table, repeated, rest) > rest.length - 500);
  });

  it('does not give way to a dump that has nothing in common with the last one', () => {
    const table = new SocketTable();
    const repeated = new RepeatedRows();
    for (const first of [0, 20_000, 40_000]) {
      const sockets = Array.from({ length: 20_000 }, (_, index) => connection(first + index));
      assert.equal(countRepeated(table, repeated, sockets), 0);
      assert.equal(table.length, 20_000);
    }
  });
});

function millisecondsOf({ columns, length }: SocketTable): number[] {
  return [...columns.milliseconds.subarray(0, length)];
}

/** An IPv4 connection of its own, by number. */
function connection(number: number): Message {
  return {
    family: AF_INET,
    state: TcpState.established,
    localPort: 80,
    remotePort: number & 0xffff,
    local: [0x0100000a, 0, 0, 0],
    remote: [number * 7, 0, 0, 0],
    inode: number + 1,
    millisecondsLeft: 0,
  };
}

/** Reads a dump and tells how many of its rows were found among those of the last one: they have its owner's entry. */
function countRepeated(table: SocketTable, repeated: RepeatedRows, messages: readonly Message[]): number {
  const mark = 7;
  table.columns.ownerEntry.fill(mark);
  table.turn();
  table.reserve(messages.length);
  table.columns.ownerEntry.fill(0);
  read(table, repeated, messages);
  return table.columns.ownerEntry.subarray(0, table.length).filter((entry) => entry === mark).length;
}

function read(table: SocketTable, repeated: RepeatedRows, messages: readonly Message[]): void {
  repeated.begin();
  const buffer = allocateNetlinkBuffer(messages.length * MESSAGE.attributes);
  messages.forEach((message, index) => {
    encode(buffer.bytes, index * MESSAGE.attributes, message);
  });
  decodeDump(buffer, messages.length * MESSAGE.attributes, SEQUENCE, table, repeated);
}

function encode(bytes: Uint8Array, at: number, message: Message): void {
  const view = new DataView(bytes.buffer, at);
  view.setUint32(0, MESSAGE.attributes, true);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  view.setUint32(8, SEQUENCE, true);
  view.setUint8(MESSAGE.family, message.family);
  view.setUint8(MESSAGE.state, message.state);
  view.setUint8(MESSAGE.timer, message.state === TcpState.timeWait ? 3 : 0);
  view.setUint16(MESSAGE.localPort, message.localPort);
  view.setUint16(MESSAGE.remotePort, message.remotePort);
  for (let word = 0; word < (message.family === AF_INET ? 1 : 4); word++) {
    view.setInt32(MESSAGE.localAddress + word * 4, message.local[word]!, true);
    view.setInt32(MESSAGE.remoteAddress + word * 4, message.remote[word]!, true);
  }
  view.setUint32(MESSAGE.expires, message.millisecondsLeft, true);
  view.setUint32(MESSAGE.inode, message.inode, true);
}
