import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import { canLookUp, createSocketLookup } from '../../../../src/platform/linux/netlink/socket-lookup.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { splitDatagrams } from '../../../support/fakes/recorded-datagrams.ts';
import { addSocketRows } from '../../../support/tables/socket-rows.ts';
import { fakeNetlink } from './fake-netlink.ts';

const ANSWERS = splitDatagrams(readFileSync(new URL('../../../fixtures/linux/inet-diag-lookups.bin', import.meta.url)));
const [, , LISTENER, V4, TIME_WAIT, GONE] = ANSWERS as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
const TABLE = addSocketRows(new SocketTable(), [
  { state: 'established', local: ['127.0.0.1', 42692], remote: ['127.0.0.1', 8443], owner: 115_313 },
  { state: 'listen', local: ['0.0.0.0', 80] },
  { state: 'bound', local: ['0.0.0.0', 81] },
  { state: 'timeWait', local: ['127.0.0.1', 42692], remote: ['127.0.0.1', 8443] },
]);

describe('createSocketLookup', () => {
  it('asks again and again over one socket', () => {
    const { libc, calls } = fakeNetlink([V4, GONE, TIME_WAIT, LISTENER]);
    const lookup = createSocketLookup(libc);
    const found = Array.from({ length: 4 }, () => lookup.lookUp(TABLE, 0));
    assert.deepEqual(
      found.map((each) => each && [each.state, each.inode]),
      [[TcpState.established, 115_313], undefined, [TcpState.timeWait, 0], undefined],
      'a listener is no connection',
    );
    assert.deepEqual(calls, ['socket', 'send', 'send', 'send', 'send']);
    lookup.close();
    lookup.close();
    assert.deepEqual(calls.slice(5), ['close']);
  });

  it('goes on after EINTR, and skips answers to others, neither for ever', () => {
    const { libc } = fakeNetlink(['EINTR', { stray: ofAnother(GONE) }, V4]);
    assert.equal(createSocketLookup(libc).lookUp(TABLE, 0)?.inode, 115_313);
    const deaf = createSocketLookup(fakeNetlink(Array(1000).fill('EINTR')).libc);
    assert.throws(() => deaf.lookUp(TABLE, 0), { code: 'EINTR' });
    const chatty = createSocketLookup(fakeNetlink(Array(1000).fill({ stray: ofAnother(V4) })).libc);
    assert.throws(() => chatty.lookUp(TABLE, 0), { name: 'NetlinkError' });
  });

  for (const [trouble, code] of [
    ['EAGAIN', 'EAGAIN'],
    ['ENOBUFS', 'ENOBUFS'],
    [withStatus(-13), 'EACCES'],
    [{ stray: Buffer.alloc(0) }, 'EPIPE'],
    [{ stray: Buffer.alloc(9000) }, 'EMSGSIZE'],
  ] as const) {
    it(`says ${code}, and asks over a new socket next`, () => {
      const { libc, calls } = fakeNetlink([trouble], [V4]);
      const lookup = createSocketLookup(libc);
      assert.throws(() => lookup.lookUp(TABLE, 0), { code });
      assert.equal(lookup.lookUp(TABLE, 0)?.inode, 115_313);
      assert.deepEqual(calls, ['socket', 'send', 'close', 'socket', 'send']);
    });
  }

  it('says why there is no socket to ask over', () => {
    assert.throws(() => createSocketLookup(fakeNetlink().libc).lookUp(TABLE, 0), /socket\(AF_NETLINK.*EMFILE/);
  });
});

describe('canLookUp', () => {
  it('is for sockets that have their addresses and ports alone', () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((row) => canLookUp(TABLE, row)),
      [true, false, false, true],
    );
  });
});

function withStatus(status: number): Buffer {
  const datagram = Buffer.from(GONE);
  datagram.writeInt32LE(status, 16);
  return datagram;
}

/** An answer to a request that nobody waits for any more. */
function ofAnother(answer: Buffer): Buffer {
  const datagram = Buffer.from(answer);
  datagram.writeUInt32LE(77, 8);
  return datagram;
}
