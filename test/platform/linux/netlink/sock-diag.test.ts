import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { ALL_SOCKETS } from '../../../../src/platform/linux/netlink/dump-request.ts';
import { createSockDiagReader } from '../../../../src/platform/linux/netlink/sock-diag.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { type Answer, fakeNetlink } from './fake-netlink.ts';

const RECORDED = readFileSync(new URL('../../../fixtures/linux/inet-diag-all.bin', import.meta.url));
const SOCKETS = RECORDED.subarray(4, 4 + RECORDED.readUInt32LE(0));
const SOCKETS_IN_RECORDING = 12;
const DONE = Buffer.from([20, 0, 0, 0, 3, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const NO_LIMIT = { now: () => 0, deadlineMs: 1 };

describe('createSockDiagReader', () => {
  it('reads dump after dump over one socket', () => {
    const { libc, calls } = fakeNetlink([SOCKETS, DONE, SOCKETS, DONE]);
    const reader = createSockDiagReader(libc, ALL_SOCKETS);
    const table = new SocketTable();
    for (let scrape = 0; scrape < 2; scrape++) {
      table.reset();
      reader.read(table, NO_LIMIT);
      assert.equal(table.length, SOCKETS_IN_RECORDING);
    }
    assert.deepEqual(calls, ['socket', 'send', 'send']);
  });

  it('tells what is new and what left since the dump before', () => {
    const [one, two] = [firstMessage(SOCKETS), SOCKETS];
    const { libc } = fakeNetlink([two, DONE, two, DONE, one, DONE, two, DONE]);
    const reader = createSockDiagReader(libc, ALL_SOCKETS);
    const table = new SocketTable();
    const changes = [];
    for (let scrape = 0; scrape < 4; scrape++) {
      table.turn();
      reader.read(table, NO_LIMIT);
      changes.push([table.changes.isFullRecount, table.changes.removedLength, table.added.length]);
      table.commit();
    }
    const others = SOCKETS_IN_RECORDING - 1;
    assert.deepEqual(changes, [
      [true, 0, SOCKETS_IN_RECORDING],
      [false, 0, 0],
      [false, others, 0],
      [false, 0, others],
    ]);
  });

  it('compares a dump that was started anew with none', () => {
    const { libc } = fakeNetlink([SOCKETS, DONE, SOCKETS, 'ENOBUFS'], [SOCKETS, DONE, SOCKETS, DONE]);
    const reader = createSockDiagReader(libc, ALL_SOCKETS);
    const table = new SocketTable();
    const areFullRecounts = [];
    for (let scrape = 0; scrape < 3; scrape++) {
      table.turn();
      reader.read(table, NO_LIMIT);
      assert.equal(table.length, SOCKETS_IN_RECORDING);
      areFullRecounts.push(table.changes.isFullRecount);
      table.commit();
    }
    assert.deepEqual(areFullRecounts, [true, true, false]);
  });

  it('goes on after EINTR', () => {
    const table = new SocketTable();
    createSockDiagReader(fakeNetlink(['EINTR', SOCKETS, 'EINTR', DONE]).libc, ALL_SOCKETS).read(table, NO_LIMIT);
    assert.equal(table.length, SOCKETS_IN_RECORDING);
  });

  it('does not go on for ever when every call is interrupted', () => {
    const { libc, calls } = fakeNetlink(...Array.from({ length: 4 }, () => Array<Answer>(1000).fill('EINTR')));
    assert.throws(() => createSockDiagReader(libc, ALL_SOCKETS).read(new SocketTable(), NO_LIMIT), { code: 'EINTR' });
    assert.equal(calls.filter((call) => call === 'socket').length, 3);
  });

  it('starts anew, from an empty table and a new socket, when the kernel ran out of buffer', () => {
    const { libc, calls } = fakeNetlink([SOCKETS, 'ENOBUFS'], [SOCKETS, DONE]);
    const table = new SocketTable();
    createSockDiagReader(libc, ALL_SOCKETS).read(table, NO_LIMIT);
    assert.equal(table.length, SOCKETS_IN_RECORDING);
    assert.deepEqual(calls, ['socket', 'send', 'close', 'socket', 'send']);
  });

  it('gives up after three disturbed dumps', () => {
    const { libc, calls } = fakeNetlink(['ENOBUFS'], ['ENOBUFS'], ['ENOBUFS'], [DONE]);
    assert.throws(() => createSockDiagReader(libc, ALL_SOCKETS).read(new SocketTable(), NO_LIMIT), { code: 'ENOBUFS' });
    assert.equal(calls.filter((call) => call === 'socket').length, 3);
  });

  it('fails when the kernel falls silent, and works again at the next read', () => {
    const { libc } = fakeNetlink([SOCKETS, 'EAGAIN'], [SOCKETS, DONE]);
    const reader = createSockDiagReader(libc, ALL_SOCKETS);
    assert.throws(() => reader.read(new SocketTable(), NO_LIMIT), /recv\(NETLINK_SOCK_DIAG\): EAGAIN/);
    const table = new SocketTable();
    reader.read(table, NO_LIMIT);
    assert.equal(table.length, SOCKETS_IN_RECORDING);
  });

  it('fails when an error ends the dump: what came before is no table', () => {
    const failed = Buffer.from(DONE);
    failed.writeInt32LE(-constants.errno.ENOMEM, 16);
    assert.throws(
      () => createSockDiagReader(fakeNetlink([SOCKETS, failed]).libc, ALL_SOCKETS).read(new SocketTable(), NO_LIMIT),
      { code: 'ENOMEM' },
    );
  });

  it('names the call and the errno when there is no socket to be had', () => {
    assert.throws(
      () => createSockDiagReader(fakeNetlink().libc, ALL_SOCKETS).read(new SocketTable(), NO_LIMIT),
      /^SystemCallError: socket\(AF_NETLINK, NETLINK_SOCK_DIAG\): EMFILE$/,
    );
  });

  it('gives up at the deadline and closes the socket that still has the rest', () => {
    const { libc, calls } = fakeNetlink([SOCKETS, SOCKETS, SOCKETS, DONE]);
    let clock = 0;
    const budget = { now: () => clock++, deadlineMs: 1 };
    assert.throws(
      () => createSockDiagReader(libc, ALL_SOCKETS).read(new SocketTable(), budget),
      /missed the deadline at 24 sockets/,
    );
    assert.equal(calls.at(-1), 'close');
  });

  it('breaks a dump off when it has brought enough', () => {
    const { libc, calls } = fakeNetlink([SOCKETS, SOCKETS, SOCKETS, DONE]);
    const table = new SocketTable();
    createSockDiagReader(libc, ALL_SOCKETS, 20).read(table, NO_LIMIT);
    assert.equal(table.length, 24);
    assert.equal(calls.at(-1), 'close');
  });

  it('refuses a datagram larger than its buffer', () => {
    const { libc } = fakeNetlink([DONE]);
    assert.throws(
      () => createSockDiagReader({ ...libc, recv: () => 70_000 }, ALL_SOCKETS).read(new SocketTable(), NO_LIMIT),
      { code: 'EMSGSIZE' },
    );
  });
});

/** The datagram's first message, as a datagram of its own. */
function firstMessage(datagram: Buffer): Buffer {
  return datagram.subarray(0, (datagram.readUInt32LE(0) + 3) & ~3);
}
