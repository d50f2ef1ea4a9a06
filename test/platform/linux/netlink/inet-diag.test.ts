import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import {
  ALL_SOCKETS,
  CLOSE_WAIT_AGES,
  encodeDumpRequest,
  LISTENER_DROPS,
} from '../../../../src/platform/linux/netlink/dump-request.ts';
import { decodeDump } from '../../../../src/platform/linux/netlink/inet-diag.ts';
import { SK_MEMINFO_DROPS } from '../../../../src/platform/linux/netlink/inet-diag-attributes.ts';
import { INET_DIAG_SKMEMINFO, MESSAGE } from '../../../../src/platform/linux/netlink/inet-diag-layout.ts';
import { allocateNetlinkBuffer, type NetlinkBuffer } from '../../../../src/platform/linux/netlink/netlink.ts';
import { RepeatedRows } from '../../../../src/platform/linux/rows/repeated-rows.ts';
import type { RowContents } from '../../../../src/table/socket-row.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { splitDatagrams } from '../../../support/fakes/recorded-datagrams.ts';
import { missingCompiler, runC } from '../../../support/programs/gcc.ts';
import { rowsOfTable } from './socket-rows.ts';

const SEQUENCE = 1;
const ALL = readDatagrams('inet-diag-all.bin');
const CLOSE_WAIT = readDatagrams('inet-diag-close-wait.bin');

describe('decodeDump', () => {
  it('reads a recorded dump of all sockets', () => {
    const { table, isComplete } = decode(ALL);
    assert.equal(isComplete, true);
    assert.deepEqual(rowsOfTable(table), [
      'bound ipv4 127.0.0.1:9999 0.0.0.0:0 owner 85099',
      'close_wait ipv4 127.0.0.1:8080 127.0.0.1:40562 owner 85091',
      'established ipv4 127.0.0.1:40588 127.0.0.1:8080 owner 85094',
      'established ipv4 127.0.0.1:49418 127.0.0.1:8443 owner 85098',
      'established ipv4 127.0.0.1:8080 127.0.0.1:40588 owner 85095',
      'established ipv4 127.0.0.1:8443 127.0.0.1:49418 owner 0',
      'established ipv6 ::1:37802 ::1:8443 owner 85096',
      'established ipv6 ::1:8443 ::1:37802 owner 85097',
      'fin_wait2 ipv4 127.0.0.1:40562 127.0.0.1:8080 owner 85090',
      'listen ipv4 127.0.0.1:8080 0.0.0.0:0 owner 85088 queue 0',
      'listen ipv6 :::8443 :::0 owner 85089 queue 1',
      'time_wait ipv4 127.0.0.1:40574 127.0.0.1:8080 owner 0',
    ]);
  });

  it('reads queue limits, the time left in TIME_WAIT, and the cgroup of all that have one', () => {
    const { table } = decode(ALL);
    assert.deepEqual(table.listenQueues.map(({ length, limit }) => [length, limit]).sort(), [
      [0, 100],
      [1, 50],
    ]);
    for (let row = 0; row < table.length; row++) {
      const { state, milliseconds, group } = table.rowAt(row);
      const isTimeWait = state === TcpState.timeWait;
      assert.equal(milliseconds > 59_000 && milliseconds <= 60_000, isTimeWait, `row ${row}`);
      assert.equal(table.groups.idOf(group), isTimeWait ? 0n : 1n);
    }
  });

  it('finds every row of a recorded dump again, with its cgroup, its queue and the time that is left now', () => {
    const { table } = decode(ALL);
    const before = contentsOf(table);
    table.commit();
    const later = ALL.map((datagram) => withTimeLeft(datagram, 1234));
    table.turn();
    decode(later, SEQUENCE, table);
    table.finish();
    assert.deepEqual([table.changes.isFullRecount, table.changes.removedLength, table.added.length], [false, 0, 0]);
    const expected = before.map((row) => (row.milliseconds === 0 ? row : { ...row, milliseconds: 1234 }));
    assert.deepEqual(contentsOf(table), expected);
    assert.deepEqual(table.listenQueues, decode(ALL).table.listenQueues);
    assert.deepEqual(table.listeners, decode(ALL).table.listeners);
  });

  it('keeps sockets of one address apart by the interface they are bound to, and finds them again', () => {
    const bound = (scope: number) => ALL.map((datagram) => withInterface(datagram, scope));
    const { table } = decode(bound(7));
    assert.deepEqual(remotesOf(table), ['127.0.0.1%7', '::1%7', 'listen or bound']);
    table.commit();
    table.turn();
    decode(bound(7), SEQUENCE, table);
    table.finish();
    assert.deepEqual([table.changes.removedLength, table.added.length], [0, 0]);
    table.commit();
    table.turn();
    decode(bound(8), SEQUENCE, table);
    table.finish();
    const connections = table.length - 3;
    assert.deepEqual([table.changes.removedLength, table.added.length], [connections, connections]);
    assert.deepEqual(remotesOf(table), ['127.0.0.1%8', '::1%8', 'listen or bound']);
  });

  it('reads what listeners dropped, where the kernel tells it', () => {
    const listeners = messagesOf(ALL[0]!).filter((message) => message[MESSAGE.state] === TcpState.listen);
    const [first, second] = listeners as [Buffer, Buffer];
    // before Linux 4.7 the attribute ends with the word before
    const { table } = decode([
      Buffer.concat([
        withMemory(first, [0, 0, 0, 0, 0, 0, 0, 0, 3_000_000_000]),
        withMemory(second, [0, 0, 0, 0, 0, 0, 0, 7]),
      ]),
    ]);
    assert.equal(table.length, 2);
    assert.deepEqual(table.listenDrops, [{ row: 0, drops: 3_000_000_000 }]);
  });

  it('compares nothing with a connection of two families, of which no row can tell', () => {
    const mixed = Buffer.from(ALL[0]!);
    const at = [...messageStarts(mixed)].find((start) => isIpv6Connection(mixed, start))!;
    mixed.fill(0, at + MESSAGE.localAddress, at + MESSAGE.localAddress + 10);
    mixed.fill(0xff, at + MESSAGE.localAddress + 10, at + MESSAGE.localAddress + 12);
    const { table } = decode([mixed]);
    assert.equal(table.isComparable, false);
    table.commit();
    table.turn();
    assert.deepEqual([table.end, table.changes.isFullRecount, table.isComparable], [0, true, true]);
    assert.equal(decode(ALL).table.isComparable, true);
  });

  it('reads how long CLOSE_WAIT sockets have waited', () => {
    const { table } = decode(CLOSE_WAIT);
    const rows = Array.from({ length: table.length }, (_, row) => table.rowAt(row));
    const { milliseconds } = rows.find(({ state }) => state === TcpState.closeWait)!;
    assert.ok(milliseconds >= 290 && milliseconds < 1000);
  });

  it('skips messages of another sequence', () => {
    const { table, isComplete } = decode(ALL, SEQUENCE + 1);
    assert.deepEqual([table.length, isComplete], [0, false]);
  });

  it('refuses every truncation inside a message, and keeps whole messages', () => {
    for (const datagram of [...ALL, ...CLOSE_WAIT]) {
      const ends = messageEnds(datagram);
      for (let length = 0; length < datagram.length; length++) {
        const isWhole = length === 0 || ends.has(length);
        const read = () => decode([datagram.subarray(0, length)]);
        if (isWhole) read();
        else assert.throws(read, /EBADMSG/, `${length} bytes of ${datagram.length}`);
      }
    }
  });

  it('either throws an Error or ends, whatever the bytes', () => {
    const datagram = ALL[0]!;
    const change = fc.tuple(fc.nat(datagram.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), (changes) => {
        const bytes = Buffer.from(datagram);
        for (const [at, value] of changes) bytes[at] = value;
        survive(bytes);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), survive));
  });

  it('keeps a state the kernel has not invented yet', () => {
    const bytes = Buffer.from(ALL[0]!);
    bytes[MESSAGE.state] = 77;
    const { table } = decode([bytes]);
    assert.equal(table.rowAt(0).state, TcpState.unknown);
    assert.equal(table.length, 12);
  });

  it('fails when the kernel ends the dump with an errno', () => {
    const done = Buffer.from(ALL[1]!);
    done.writeInt32LE(-105, 16); // ENOBUFS
    assert.throws(() => decode([done]), { code: 'ENOBUFS', message: /the kernel ended the socket dump: ENOBUFS/ });
  });

  it('fails on NLMSG_ERROR, on an overrun and on an interrupted dump', () => {
    const with16 = (offset: number, value: number) => {
      const bytes = Buffer.from(ALL[1]!);
      bytes.writeUInt16LE(value, offset);
      bytes.writeInt32LE(-1, 16);
      return [bytes];
    };
    assert.throws(() => decode(with16(4, 2)), { code: 'EPERM' });
    assert.throws(() => decode(with16(4, 4)), { code: 'NLMSG_OVERRUN' });
    assert.throws(() => decode(with16(6, 0x12)), { code: 'NLM_F_DUMP_INTR' });
  });
});

describe('layouts', () => {
  it('equal those of the C headers', { skip: missingCompiler() ?? false }, () => {
    const printed = runC(`
      #include <stddef.h>
      #include <stdio.h>
      #include <linux/netlink.h>
      #include <linux/inet_diag.h>
      #include <linux/tcp.h>
      #include <linux/sock_diag.h>
      #define M(f) (int)(sizeof(struct nlmsghdr) + offsetof(struct inet_diag_msg, f))
      #define R(f) (int)(sizeof(struct nlmsghdr) + offsetof(struct inet_diag_req, f))
      int main(void) {
        printf("%d %d %d %d %d %d %d %d %d %d %d %d %d\\n", M(idiag_family), M(idiag_state), M(idiag_timer), M(id.idiag_sport),
          M(id.idiag_src), M(id.idiag_dst), M(id.idiag_if), M(id.idiag_cookie), M(idiag_expires), M(idiag_rqueue), M(idiag_wqueue), M(idiag_inode),
          (int)(sizeof(struct nlmsghdr) + sizeof(struct inet_diag_msg)));
        printf("%d %d %d %d\\n", (int)(sizeof(struct nlmsghdr) + sizeof(struct inet_diag_req)), R(idiag_family), R(idiag_ext), R(idiag_states));
        printf("%d %d\\n", M(id.idiag_dport) - M(id.idiag_sport), (int)sizeof(((struct inet_diag_sockid *)0)->idiag_dport));
        printf("%d %d %d %d\\n", (int)offsetof(struct tcp_info, tcpi_last_data_sent), (int)offsetof(struct tcp_info, tcpi_last_ack_recv), TCPDIAG_GETSOCK, NLM_F_REQUEST | NLM_F_DUMP);
        printf("%d %d\\n", INET_DIAG_SKMEMINFO, 4 * SK_MEMINFO_DROPS);
        return 0;
      }`);
    assert.equal(
      printed,
      [
        Object.values(MESSAGE).join(' '),
        '76 16 19 68',
        '2 2',
        `44 56 18 ${0x301}`,
        `${INET_DIAG_SKMEMINFO} ${SK_MEMINFO_DROPS}`,
        '',
      ].join('\n'),
      'the order is that of MESSAGE',
    );
    const request = encodeDumpRequest(ALL_SOCKETS, 5);
    const bytes = Buffer.from(request);
    assert.equal(bytes.length, 76);
    assert.deepEqual(
      [bytes.readUInt32LE(0), bytes.readUInt16LE(4), bytes.readUInt16LE(6), bytes.readUInt32LE(8)],
      [76, 18, 0x301, 5],
    );
    assert.equal(bytes.readUInt32LE(68), 0xffe | (1 << 13));
    assert.equal(encodeDumpRequest(CLOSE_WAIT_AGES, 5)[19], 2);
    assert.equal(encodeDumpRequest(LISTENER_DROPS, 5)[19], 64);
    assert.equal(Buffer.from(encodeDumpRequest(LISTENER_DROPS, 5)).readUInt32LE(68), 1 << TcpState.listen);
  });
});

function survive(bytes: Uint8Array): void {
  try {
    decode([Buffer.from(bytes)]);
  } catch (error) {
    assert.ok(error instanceof Error && error.name === 'NetlinkError', String(error));
  }
}

function decode(
  datagrams: readonly Buffer[],
  sequence = SEQUENCE,
  table = new SocketTable(),
): { table: SocketTable; isComplete: boolean } {
  const repeated = new RepeatedRows();
  let isComplete = false;
  for (const datagram of datagrams) {
    const buffer: NetlinkBuffer = allocateNetlinkBuffer(64 * 1024);
    buffer.bytes.set(datagram);
    isComplete = decodeDump(buffer, datagram.length, sequence, table, repeated);
  }
  return { table, isComplete };
}

function contentsOf(table: SocketTable): RowContents[] {
  return Array.from({ length: table.length }, (_, row) => table.rowAt(row));
}

/** The same datagram some time later. */
/** The same datagram, every socket bound to an interface. */
function withInterface(datagram: Buffer, index: number): Buffer {
  const changed = Buffer.from(datagram);
  for (const start of messageStarts(changed)) {
    if (changed.readUInt32LE(start) > MESSAGE.attributes) changed.writeUInt32LE(index, start + MESSAGE.interface);
  }
  return changed;
}

/** The distinct peers of a table, in order. */
function remotesOf(table: SocketTable): string[] {
  const texts = contentsOf(table).map(({ state, remoteAddress }) =>
    state === TcpState.listen || state === TcpState.bound ? 'listen or bound' : table.addresses.textOf(remoteAddress),
  );
  return [...new Set(texts)].sort();
}

function withTimeLeft(datagram: Buffer, milliseconds: number): Buffer {
  const later = Buffer.from(datagram);
  for (const start of messageStarts(datagram)) {
    if (datagram[start + MESSAGE.state] === TcpState.timeWait)
      later.writeUInt32LE(milliseconds, start + MESSAGE.expires);
  }
  return later;
}

function isIpv6Connection(datagram: Buffer, start: number): boolean {
  return (
    datagram[start + MESSAGE.family] === 10 &&
    datagram[start + MESSAGE.state] === TcpState.established &&
    datagram.readUInt32LE(start + MESSAGE.localAddress + 8) !== 0xffff0000
  );
}

function messagesOf(datagram: Buffer): Buffer[] {
  return [...messageStarts(datagram)].map((start) => datagram.subarray(start, start + datagram.readUInt32LE(start)));
}

/** The message with one more attribute, INET_DIAG_SKMEMINFO. */
function withMemory(message: Buffer, memory: readonly number[]): Buffer {
  const attribute = Buffer.alloc(4 + 4 * memory.length);
  attribute.writeUInt16LE(attribute.length, 0);
  attribute.writeUInt16LE(INET_DIAG_SKMEMINFO, 2);
  for (const [index, word] of memory.entries()) attribute.writeUInt32LE(word, 4 + 4 * index);
  const longer = Buffer.concat([message, attribute]);
  longer.writeUInt32LE(longer.length, 0);
  return longer;
}

function* messageStarts(datagram: Buffer): Generator<number> {
  for (let at = 0; at + MESSAGE.attributes <= datagram.length; at += (datagram.readUInt32LE(at) + 3) & ~3) yield at;
}

function messageEnds(datagram: Buffer): Set<number> {
  const ends = new Set<number>();
  for (let at = 0; at < datagram.length; ) {
    at += (datagram.readUInt32LE(at) + 3) & ~3;
    ends.add(at);
  }
  return ends;
}

function readDatagrams(name: string): Buffer[] {
  return splitDatagrams(readFileSync(new URL(`../../../fixtures/linux/${name}`, import.meta.url)));
}
