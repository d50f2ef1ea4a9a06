import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import { decodeDump } from '../../../../src/platform/linux/netlink/inet-diag.ts';
import { MESSAGE } from '../../../../src/platform/linux/netlink/inet-diag-layout.ts';
import { allocateNetlinkBuffer } from '../../../../src/platform/linux/netlink/netlink.ts';
import { RepeatedRows } from '../../../../src/platform/linux/rows/repeated-rows.ts';
import { Reason } from '../../../../src/table/socket-row.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { countChanges, countRows, NOTHING_COUNTED } from '../netlink/counted-rows.ts';
import { rowsOfTable } from '../netlink/socket-rows.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DIAG_BY_FAMILY = 20;
const SEQUENCE = 1;
/** A row that has it was there before. */
const MARK = 7;

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

const anyChange = fc.record({
  kind: fc.constantFrom('come', 'go', 'change', 'move', 'thin' as const),
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  count: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 500, max: 3000 })),
});
const anyScrape = fc.record({
  changes: fc.array(anyChange, { maxLength: 5 }),
  /** The tally may fail; whoever works on the rows may want all of them to be counted anew. */
  isCounted: fc.constantFrom(true, true, true, false),
  isRecounted: fc.constantFrom(false, false, false, true),
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
          assertReadAsAlone(table, repeated, dump);
          table.commit();
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('does so where floods come and vanish, rows change their state, and some scrapes are not counted', () => {
    fc.assert(
      fc.property(fc.array(anyScrape, { minLength: 2, maxLength: 8 }), (scrapes) => {
        const table = new SocketTable();
        const repeated = new RepeatedRows();
        const host = createHost();
        let counted = NOTHING_COUNTED;
        for (const scrape of scrapes) {
          const dump = host.after(scrape.changes);
          assertReadAsAlone(table, repeated, dump);
          if (scrape.isRecounted) table.recount();
          counted = countChanges(table, counted);
          assert.deepEqual(counted, countRows(table), 'what was counted, less what left, and what is new');
          if (!scrape.isCounted) continue;
          table.commit();
          assert.equal(table.addresses.used, distinctAddresses(table));
          assert.deepEqual([table.changes.removedLength, table.added.length], [0, 0]);
        }
      }),
      { numRuns: 200 },
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

  it('has all counted anew when most are gone, and keeps no address of what leaves after that', () => {
    const sockets = Array.from({ length: 4000 }, (_, index) => connection(index));
    const table = new SocketTable();
    const repeated = new RepeatedRows();
    countRepeated(table, repeated, sockets);
    table.turn();
    read(table, repeated, sockets.slice(3400, 3700));
    assert.deepEqual([table.changes.isFullRecount, table.changes.removedLength, table.added.length], [true, 0, 300]);
    table.commit();
    assert.equal(table.addresses.used, 301);
  });

  it('tells a listener of one family from one of both that has the same inode, port and IPv4 address', () => {
    const shared = { ...connection(1), state: TcpState.listen, remotePort: 0, remote: [0, 0, 0, 0] };
    const address = shared.local[0]!;
    const both: Message = { ...shared, family: AF_INET6, local: [0, 0, -65536, address] };
    const table = new SocketTable();
    const repeated = new RepeatedRows();
    for (const listener of [both, shared, both]) {
      assertReadAsAlone(table, repeated, [listener]);
      table.commit();
    }
  });

  it('keeps what was found out about a row, and nothing of one that is another socket now', () => {
    const table = new SocketTable();
    const repeated = new RepeatedRows();
    const [one, two] = [connection(1), connection(2)];
    read(table, repeated, [one, two]);
    const name = table.processNames.intern('web');
    for (const row of [0, 1]) table.setOwner(row, name, Reason.none);
    table.commit();
    table.turn();
    read(table, repeated, [{ ...one, state: TcpState.finWait1 }, two]);
    assert.deepEqual(
      [0, 1].map((row) => table.rowAt(row).process),
      [0, name],
    );
    assert.deepEqual([...table.added.numbers!.subarray(0, table.added.length)], [0]);
    assert.equal(table.changes.removedLength, 1);
  });
});

type Scrape = typeof anyScrape extends fc.Arbitrary<infer Value> ? Value : never;

/** The sockets of a host in the order of the kernel's hash tables: new ones come anywhere. */
function createHost() {
  let sockets: Message[] = [];
  let next = 0;
  const changeState = (socket: Message): Message => ({
    ...socket,
    state: socket.state === TcpState.established ? TcpState.timeWait : TcpState.established,
    inode: socket.state === TcpState.established ? 0 : socket.inode,
  });

  return {
    after(changes: Scrape['changes']): readonly Message[] {
      for (const { kind, place, count } of changes) {
        const at = Math.floor(place * sockets.length);
        if (kind === 'come') sockets.splice(at, 0, ...Array.from({ length: count }, () => connection(next++)));
        else if (kind === 'go') sockets.splice(at, count);
        else if (kind === 'change') sockets.splice(at, count, ...sockets.slice(at, at + count).map(changeState));
        else if (kind === 'move') sockets.push(...sockets.splice(at, count));
        else sockets = sockets.filter((_, index) => index % 20 !== count % 20);
      }
      return sockets;
    },
  };
}

function assertReadAsAlone(table: SocketTable, repeated: RepeatedRows, dump: readonly Message[]): void {
  table.turn();
  read(table, repeated, dump);
  const alone = new SocketTable();
  read(alone, new RepeatedRows(), dump);
  assert.deepEqual(rowsOfTable(table), rowsOfTable(alone));
  assert.deepEqual(millisecondsOf(table), millisecondsOf(alone));
  assert.deepEqual(table.listeners, alone.listeners);
}

function distinctAddresses(table: SocketTable): number {
  const ids = Array.from({ length: table.length }, (_, row) => table.rowAt(row));
  return new Set(ids.flatMap(({ localAddress, remoteAddress }) => [localAddress, remoteAddress])).size;
}

function millisecondsOf(table: SocketTable): number[] {
  return Array.from({ length: table.length }, (_, row) => table.rowAt(row).milliseconds);
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

/** Reads a dump and tells how many of its rows were found among those of the last one: they are not new. */
function countRepeated(table: SocketTable, repeated: RepeatedRows, messages: readonly Message[]): number {
  table.turn();
  read(table, repeated, messages);
  let repeats = 0;
  for (let row = 0; row < table.length; row++) if (table.rowAt(row).process === MARK) repeats++;
  for (let row = 0; row < table.length; row++) table.setOwner(row, MARK, Reason.none);
  table.commit();
  return repeats;
}

function read(table: SocketTable, repeated: RepeatedRows, messages: readonly Message[]): void {
  repeated.begin();
  const buffer = allocateNetlinkBuffer(messages.length * MESSAGE.attributes);
  messages.forEach((message, index) => {
    encode(buffer.bytes, index * MESSAGE.attributes, message);
  });
  decodeDump(buffer, messages.length * MESSAGE.attributes, SEQUENCE, table, repeated);
  table.finish();
}

function encode(bytes: Uint8Array, at: number, message: Message): void {
  const view = new DataView(bytes.buffer, at);
  view.setUint32(0, MESSAGE.attributes, true);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  view.setUint32(8, SEQUENCE, true);
  view.setUint8(MESSAGE.family, message.family);
  view.setUint8(MESSAGE.state, message.state);
  view.setUint8(MESSAGE.timer, message.state === TcpState.timeWait ? 3 : 0);
  view.setUint16(MESSAGE.ports, message.localPort);
  view.setUint16(MESSAGE.ports + 2, message.remotePort);
  for (let word = 0; word < (message.family === AF_INET ? 1 : 4); word++) {
    view.setInt32(MESSAGE.localAddress + word * 4, message.local[word]!, true);
    view.setInt32(MESSAGE.remoteAddress + word * 4, message.remote[word]!, true);
  }
  view.setUint32(MESSAGE.expires, message.millisecondsLeft, true);
  view.setUint32(MESSAGE.inode, message.inode, true);
}
