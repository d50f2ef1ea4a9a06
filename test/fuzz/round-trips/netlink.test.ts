import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TcpState } from '../../../src/model/tcp-state.ts';
import { decodeDump } from '../../../src/platform/linux/netlink/inet-diag.ts';
import { allocateNetlinkBuffer } from '../../../src/platform/linux/netlink/netlink.ts';
import { RepeatedRows } from '../../../src/platform/linux/rows/repeated-rows.ts';
import { SocketTable } from '../../../src/table/socket-table.ts';
import { checkProperty } from '../check-property.ts';
import { bytesOf, expectedRow, rowOf, type WantedSocket, wantedSocket } from './sockets.ts';

const SEQUENCE = 77;
const NLMSG_DONE = 3;
/** All that inet_diag sends; CLOSE is a bound socket, and has a case of its own elsewhere. */
const STATES = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11];

interface Attribute {
  readonly type: number;
  readonly payload: Uint8Array;
}

interface WantedMessage extends WantedSocket {
  readonly cgroup: bigint | undefined;
  readonly queue: number;
  readonly limit: number;
  readonly expires: number;
  readonly others: readonly Attribute[];
  /** Messages of other dumps stand in between. */
  readonly isForeign: boolean;
}

const attribute = fc.record({ type: fc.integer({ min: 3, max: 20 }), payload: fc.uint8Array({ maxLength: 30 }) });
const message: fc.Arbitrary<WantedMessage> = fc
  .tuple(
    wantedSocket(STATES),
    fc.record({
      cgroup: fc.option(fc.bigInt({ min: 1n, max: 2n ** 53n - 1n }), { nil: undefined }),
      queue: fc.nat(2 ** 31 - 1),
      limit: fc.nat(2 ** 31 - 1),
      expires: fc.nat(60_000),
      others: fc.array(attribute, { maxLength: 4 }),
      isForeign: fc.boolean(),
    }),
  )
  .map(([socket, more]) => ({ ...socket, ...more }));

describe('a socket dump that a test has encoded', () => {
  it('is decoded to the same sockets, whatever attributes and other messages stand in it', async (t) => {
    const property = fc.property(fc.array(message, { maxLength: 30 }), fc.boolean(), (messages, hasEnd) => {
      const wanted = messages.filter(({ isForeign }) => !isForeign);
      const { table, isComplete } = decode(Buffer.concat([...messages.map(encode), ...(hasEnd ? [encodeDone()] : [])]));
      assert.equal(isComplete, hasEnd);
      assert.deepEqual(
        Array.from({ length: table.length }, (_, row) => rowOf(table, row)),
        wanted.map(expectedRow),
      );
      for (const [row, { state, cgroup, expires }] of wanted.entries()) {
        assert.equal(table.groups.idOf(table.rowAt(row).group), cgroup ?? 0n);
        assert.equal(table.rowAt(row).milliseconds, state === TcpState.timeWait ? expires : 0);
      }
      const listeners = wanted.flatMap(({ state, queue, limit }, row) =>
        state === TcpState.listen ? [{ row, length: queue, limit }] : [],
      );
      assert.deepEqual(table.listenQueues, listeners);
    });
    await checkProperty(t, property);
  });

  it('takes no room for sockets that only a length claims', async (t) => {
    const property = fc.property(message, fc.nat(2 ** 32 - 1), (socket, length) => {
      const bytes = encode({ ...socket, isForeign: false });
      fc.pre(length !== bytes.length && ((length + 3) & ~3) !== bytes.length);
      bytes.writeUInt32LE(length, 0);
      const table = new SocketTable();
      assert.throws(() => decode(bytes, table), { name: 'NetlinkError' });
      assert.ok(table.length <= 1 && table.capacity <= 1024);
    });
    await checkProperty(t, property);
  });
});

function decode(datagram: Buffer, table = new SocketTable()): { table: SocketTable; isComplete: boolean } {
  const buffer = allocateNetlinkBuffer(datagram.length + 64);
  buffer.bytes.set(datagram);
  return { table, isComplete: decodeDump(buffer, datagram.length, SEQUENCE, table, new RepeatedRows()) };
}

/** Layout: include/uapi/linux/inet_diag.h, written down here once more. */
function encode(wanted: WantedMessage): Buffer {
  const body = Buffer.alloc(72);
  body.writeUInt8(wanted.isIpv6 ? 10 : 2, 0);
  body.writeUInt8(wanted.state, 1);
  body.writeUInt8(wanted.state === TcpState.timeWait ? 3 : 0, 2);
  body.writeUInt16BE(wanted.localPort, 4);
  body.writeUInt16BE(wanted.remotePort, 6);
  for (const [address, at] of [
    [wanted.local, 8],
    [wanted.remote, 24],
  ] as const)
    body.set(wanted.isIpv6 ? bytesOf(address) : bytesOf(address).subarray(12), at);
  body.writeUInt32LE(wanted.expires, 52);
  body.writeUInt32LE(wanted.queue, 56);
  body.writeUInt32LE(wanted.limit, 60);
  body.writeUInt32LE(wanted.owner, 68);
  const cgroup = Buffer.alloc(8);
  cgroup.writeBigUInt64LE(wanted.cgroup ?? 0n);
  const attributes = [...wanted.others, ...(wanted.cgroup === undefined ? [] : [{ type: 21, payload: cgroup }])];
  const sequence = wanted.isForeign ? SEQUENCE + 1 : SEQUENCE;
  return withHeader(Buffer.concat([body, ...attributes.map(encodeAttribute)]), 20, sequence);
}

function encodeAttribute({ type, payload }: Attribute): Buffer {
  const bytes = Buffer.alloc((4 + payload.length + 3) & ~3);
  bytes.writeUInt16LE(4 + payload.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(payload, 4);
  return bytes;
}

function encodeDone(): Buffer {
  return withHeader(Buffer.alloc(4), NLMSG_DONE, SEQUENCE);
}

function withHeader(body: Buffer, type: number, sequence: number): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(2, 6); // NLM_F_MULTI
  header.writeUInt32LE(sequence, 8);
  return Buffer.concat([header, body]);
}
