import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import {
  decodeLookup,
  encodeLookup,
  NO_SOCKET,
  REQUEST_LENGTH,
  WITH_TCP_INFO,
} from '../../../../src/platform/linux/netlink/lookup-request.ts';
import { allocateNetlinkBuffer } from '../../../../src/platform/linux/netlink/netlink.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { splitDatagrams } from '../../../support/fakes/recorded-datagrams.ts';
import { missingCompiler, runC } from '../../../support/programs/gcc.ts';
import { addSocketRows, type SocketRow } from '../../../support/tables/socket-rows.ts';

const ANSWERS = splitDatagrams(readFileSync(new URL('../../../fixtures/linux/inet-diag-lookups.bin', import.meta.url)));
const SEQUENCE = 1;
const [, V6, LISTENER, V4, TIME_WAIT, GONE] = ANSWERS as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
/** SACK, window scaling and timestamps. */
const USUAL_OPTIONS = 7;
const STATUS = 16;

describe('encodeLookup', () => {
  it('asks for one IPv4 socket by its ends, whatever its cookie', () => {
    const row = { state: 'established', local: ['10.0.0.1', 0x1234], remote: ['192.168.2.3', 443] } as const;
    assert.equal(
      encode(row, 0, WITH_TCP_INFO),
      [
        '48000000 1400 0100 07000000 00000000', // length, type, NLM_F_REQUEST without NLM_F_DUMP, sequence, port id
        '02 06 02 00 ffffffff', // AF_INET, IPPROTO_TCP, INET_DIAG_INFO, all states
        '1234 01bb 0a000001 000000000000000000000000 c0a80203 000000000000000000000000',
        '00000000 ffffffff ffffffff', // no interface, INET_DIAG_NOCOOKIE
      ]
        .join('')
        .replaceAll(' ', ''),
    );
  });

  it('asks for one IPv6 socket, on its interface', () => {
    const row = { state: 'established', local: ['fe80::1', 80], remote: ['fe80::2', 0xffff] } as const;
    assert.equal(
      encode(row, 0x0a0b, 0),
      [
        '48000000 1400 0100 07000000 00000000',
        '0a 06 00 00 ffffffff',
        '0050 ffff fe800000000000000000000000000001 fe800000000000000000000000000002',
        '0b0a0000 ffffffff ffffffff',
      ]
        .join('')
        .replaceAll(' ', ''),
    );
  });

  it('leaves nothing of the request before', () => {
    const request = allocateNetlinkBuffer(REQUEST_LENGTH);
    const v6 = { state: 'established', family: 'ipv6', local: ['fd00::1', 1], remote: ['fd00::2', 2] } as const;
    const v4 = { state: 'established', local: ['10.0.0.1', 1], remote: ['10.0.0.2', 2] } as const;
    encode(v6, 7, 0xff, request);
    assert.equal(encode(v4, 0, 0, request), encode(v4, 0, 0));
  });

  it('has the layout of the kernel', { skip: missingCompiler() ?? false }, () => {
    const fields = ['sdiag_family', 'sdiag_protocol', 'idiag_ext', 'idiag_states', 'id.idiag_sport', 'id.idiag_src'];
    const offsets = [...fields, 'id.idiag_dst', 'id.idiag_if', 'id.idiag_cookie'].map(
      (field) => `printf("%zu ", NLMSG_HDRLEN + offsetof(struct inet_diag_req_v2, ${field}));`,
    );
    const output = runC(
      `#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <stdio.h>
int main(void) {
  ${offsets.join('\n  ')}
  printf("%zu ", NLMSG_HDRLEN + sizeof(struct inet_diag_req_v2));
  printf("%zu ", NLMSG_HDRLEN + offsetof(struct inet_diag_msg, id.idiag_cookie));
  printf("%zu ", offsetof(struct tcp_info, tcpi_options));
}`,
    );
    assert.equal(output.trim(), '16 17 18 20 24 28 44 60 64 72 60 5');
  });
});

describe('decodeLookup', () => {
  it('reads recorded answers', () => {
    const inodes = [115_316, 115_313];
    for (const [index, datagram] of [V6, V4].entries()) {
      const found = decode(datagram);
      assert.ok(found !== NO_SOCKET && found !== undefined);
      assert.deepEqual([found.state, found.inode, found.tcpOptions], [1, inodes[index], USUAL_OPTIONS]);
    }
    const ended = decode(TIME_WAIT);
    assert.deepEqual(ended, { state: TcpState.timeWait, inode: 0, cookie: 1252n, tcpOptions: undefined });
    const listener = decode(LISTENER);
    assert.ok(listener !== NO_SOCKET && listener?.state === TcpState.listen);
    assert.equal(decode(GONE), NO_SOCKET);
  });

  it('takes ENOENT and ESTALE for no socket, and any other errno for a failure', () => {
    assert.equal(decode(withStatus(-116)), NO_SOCKET);
    for (const [status, code] of [
      [-1, 'EPERM'],
      [-22, 'EINVAL'],
      [-4, 'EINTR'],
    ] as const)
      assert.throws(() => decode(withStatus(status)), { name: 'NetlinkError', code });
    assert.throws(() => decode(withStatus(0)), { name: 'NetlinkError' }, 'an acknowledgement nobody asked for');
    const overrun = Buffer.from(GONE);
    overrun.writeUInt16LE(4, 4);
    assert.throws(() => decode(overrun), { code: 'NLMSG_OVERRUN' });
  });

  it('skips what answers another request', () => {
    assert.equal(decode(V4, 2), undefined);
    const stale = Buffer.from(GONE);
    stale.writeUInt32LE(9, 8);
    const found = decode(Buffer.concat([stale, V4]));
    assert.ok(found !== NO_SOCKET && found?.inode === 115_313);
  });

  it('knows cookies of 64 bits and inodes of 32', () => {
    const datagram = Buffer.from(V4);
    datagram.writeUInt32LE(0x89abcdef, 60);
    datagram.writeUInt32LE(0xfedcba98, 64);
    datagram.writeUInt32LE(4_000_000_000, 84);
    const found = decode(datagram);
    assert.ok(found !== NO_SOCKET && found !== undefined);
    assert.deepEqual([found.cookie, found.inode], [0xfedcba9889abcdefn, 4_000_000_000 | 0]);
  });

  it('has no options where the kernel is older than they, or the attribute shorter', () => {
    const short = Buffer.from(V4.subarray(0, 88 + 8));
    short.writeUInt32LE(short.length, 0);
    short.writeUInt16LE(8, 88);
    short.writeUInt16LE(2, 90);
    const found = decode(short);
    assert.ok(found !== NO_SOCKET && found !== undefined);
    assert.equal(found.tcpOptions, undefined);
  });

  it('refuses every truncation', () => {
    for (const datagram of [V4, V6, GONE, TIME_WAIT]) {
      for (let length = 1; length < datagram.length; length++)
        assert.throws(() => decode(datagram.subarray(0, length)), { name: 'NetlinkError', code: 'EBADMSG' });
    }
    for (let length = 16; length < V4.length; length++) {
      const cut = Buffer.from(V4.subarray(0, length));
      cut.writeUInt32LE(length, 0); // the header goes along
      if (length < 88) assert.throws(() => decode(cut), { code: 'EBADMSG' });
      else answerOrRefusal(cut);
    }
  });

  it('survives noise, and reads nothing behind the end', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ANSWERS),
        fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { maxLength: 6 }),
        (datagram, changes) => {
          const noisy = Buffer.from(datagram);
          for (const [at, byte] of changes) noisy[at % noisy.length] = byte;
          assert.deepEqual(answerOrRefusal(noisy, 0), answerOrRefusal(noisy, 0xff));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function encode(
  row: SocketRow,
  boundInterface: number,
  extensions: number,
  request = allocateNetlinkBuffer(72),
): string {
  const table = addSocketRows(new SocketTable(), [{ state: 'listen', local: ['0.0.0.0', 1] }, row]);
  encodeLookup(request, 7, table, 1, boundInterface, extensions);
  return Buffer.from(request.bytes).toString('hex');
}

function decode(datagram: Uint8Array, sequence = SEQUENCE, stale = 0) {
  const buffer = allocateNetlinkBuffer(datagram.length + 64);
  buffer.bytes.fill(stale);
  buffer.bytes.set(datagram);
  return decodeLookup(buffer, datagram.length, sequence);
}

function answerOrRefusal(datagram: Uint8Array, stale = 0): unknown {
  try {
    return decode(datagram, SEQUENCE, stale);
  } catch (error) {
    assert.equal((error as Error).name, 'NetlinkError');
    return (error as Error).message;
  }
}

function withStatus(status: number): Buffer {
  const datagram = Buffer.from(GONE);
  datagram.writeInt32LE(status, STATUS);
  return datagram;
}
