import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TcpState } from '../../../src/model/tcp-state.ts';
import { decodeTcpLine } from '../../../src/platform/linux/procfs/tcp-line.ts';
import { decodeProcessEntry, PROCESSENTRY32W } from '../../../src/platform/windows/processes/process-list.ts';
import { decodeServices } from '../../../src/platform/windows/processes/service-status.ts';
import { SOCKETS_V4, SOCKETS_V6 } from '../../../src/platform/windows/sockets/tcp-layout.ts';
import { decodeTcpTable } from '../../../src/platform/windows/sockets/tcp-table.ts';
import { SocketTable } from '../../../src/table/socket-table.ts';
import { handMadeTable } from '../../platform/windows/hand-made-table.ts';
import { checkProperty } from '../check-property.ts';
import { bytesOf, expectedRow, rowOf, type WantedSocket, wantedSocket } from './sockets.ts';

const record = <Model>(model: { [Key in keyof Model]: fc.Arbitrary<Model[Key]> }) =>
  fc.record(model, { noNullPrototype: true });
/** Characters that a name of a program or service can have; a NUL ends it. */
const name = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((text) => !text.includes('\0'));

describe('a line of /proc/net/tcp or tcp6 that a test has printed', () => {
  it('is decoded to the same socket', async (t) => {
    const property = fc.property(wantedSocket([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), fc.nat(9999), (socket, number) => {
      const bytes = Buffer.from(printLine(socket, number));
      const table = new SocketTable();
      decodeTcpLine({ bytes, start: 0, at: 0, end: bytes.length }, socket.isIpv6, table);
      assert.equal(table.length, 1);
      assert.deepEqual(rowOf(table, 0), expectedRow(socket));
    });
    await checkProperty(t, property);
  });
});

describe('a table of Windows that a test has encoded', () => {
  /** MIB_TCP_STATE and what it means, without those that have no peer. */
  const states = new Map<number, number>([
    [1, TcpState.close],
    [3, TcpState.synSent],
    [4, TcpState.synRecv],
    [5, TcpState.established],
    [6, TcpState.finWait1],
    [7, TcpState.finWait2],
    [8, TcpState.closeWait],
    [9, TcpState.closing],
    [10, TcpState.lastAck],
    [11, TcpState.timeWait],
  ]);
  for (const layout of [SOCKETS_V4, SOCKETS_V6]) {
    it(`is decoded to the same sockets: ${layout.struct}`, async (t) => {
      const sockets = fc.array(wantedSocket([...states.keys()], layout.isIpv6), { maxLength: 20 });
      const property = fc.property(sockets, fc.nat(255), (wanted, rubbish) => {
        const rows = wanted.map(({ state, local, localPort, remote, remotePort, owner }) => ({
          state,
          local: [local, localPort] as const,
          remote: [remote, remotePort] as const,
          pid: owner,
        }));
        const table = new SocketTable();
        decodeTcpTable(handMadeTable(layout, rows, rubbish), table);
        assert.deepEqual(
          Array.from({ length: table.length }, (_, row) => rowOf(table, row)),
          wanted.map((socket) => expectedRow({ ...socket, state: states.get(socket.state)! })),
        );
      });
      await checkProperty(t, property, 100);
    });
  }
});

describe('structs of Windows that a test has encoded', () => {
  it('are decoded to the same processes', async (t) => {
    const property = fc.property(fc.nat(2 ** 32 - 1), name, (pid, program) => {
      const entry = Buffer.alloc(PROCESSENTRY32W.length, 0xee);
      entry.writeUInt32LE(pid, 8);
      entry.write(`${program}\0`, 44, 'utf16le');
      assert.deepEqual(decodeProcessEntry(entry), { pid, name: program });
    });
    await checkProperty(t, property);
  });

  it('are decoded to the same services, wherever their names stand', async (t) => {
    const service = record({ name, pid: fc.nat(2 ** 32 - 1) });
    const base = fc.bigInt({ min: 0n, max: 2n ** 47n });
    const property = fc.property(
      fc.array(service, { maxLength: 12 }),
      base,
      fc.boolean(),
      (services, at, isReversed) => {
        assert.deepEqual(decodeServices(encodeServices(services, at, isReversed), at, services.length), services);
      },
    );
    await checkProperty(t, property);
  });
});

/** The format of get_tcp4_sock() and get_tcp6_sock(): addresses as 32-bit words of the machine's order. */
function printLine(socket: WantedSocket, number: number): string {
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');
  const end = (address: string, port: number) => {
    const words = new Uint32Array(Uint8Array.from(bytesOf(address)).buffer);
    return `${[...(socket.isIpv6 ? words : words.subarray(3))].map((word) => hex(word, 8)).join('')}:${hex(port, 4)}`;
  };
  const ends = `${end(socket.local, socket.localPort)} ${end(socket.remote, socket.remotePort)}`;
  const times = `00000000:00000000 00:00000000 00000000  1000        0 ${socket.owner} 1 0000000000000000 20 4 30 10 -1`;
  return `${String(number).padStart(4)}: ${ends} ${hex(socket.state, 2)} ${times}`;
}

/** ENUM_SERVICE_STATUS_PROCESSW of winsvc.h: 56 bytes with the address of the name first and the pid at 44. */
function encodeServices(
  services: readonly { readonly name: string; readonly pid: number }[],
  base: bigint,
  isReversed: boolean,
): Buffer {
  const texts = services.map((service) => Buffer.from(`${service.name}\0`, 'utf16le'));
  const order = [...texts.keys()];
  if (isReversed) order.reverse();
  const structs = Buffer.alloc(56 * services.length);
  let at = structs.length;
  for (const index of order) {
    structs.writeBigUInt64LE(base + BigInt(at), 56 * index);
    structs.writeUInt32LE(0x10, 56 * index + 16);
    structs.writeUInt32LE(services[index]!.pid, 56 * index + 44);
    at += texts[index]!.length;
  }
  return Buffer.concat([structs, ...order.map((index) => texts[index]!)]);
}
