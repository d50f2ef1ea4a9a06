import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import type { Libc } from '../../../../src/platform/linux/libc/libc.ts';
import { ALL_SOCKETS } from '../../../../src/platform/linux/netlink/dump-request.ts';
import { createSockDiagReader } from '../../../../src/platform/linux/netlink/sock-diag.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';

const RECORDED = readFileSync(new URL('../../../fixtures/linux/inet-diag-all.bin', import.meta.url));
const SOCKETS = RECORDED.subarray(4, 4 + RECORDED.readUInt32LE(0));
const SOCKETS_IN_RECORDING = 12;
const DONE = Buffer.from([20, 0, 0, 0, 3, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const NO_LIMIT = { now: () => 0, deadlineMs: 1 };

/** What recv() answers: bytes (under the sequence of the last request), or the name of an errno. */
type Answer = Buffer | keyof typeof constants.errno;

/** A C library whose netlink sockets give these answers, one list per socket opened. */
function fakeLibc(...sockets: Answer[][]) {
  const calls: string[] = [];
  let errno = 0;
  let current: Answer[] = [];
  let sequence = 0;
  const fail = (name: keyof typeof constants.errno) => {
    errno = constants.errno[name];
    return -1;
  };
  const libc: Partial<Libc> = {
    socket() {
      calls.push('socket');
      const answers = sockets.shift();
      if (answers === undefined) return fail('EMFILE');
      current = [...answers];
      return 9;
    },
    setsockopt: () => 0,
    send(_fd, buffer) {
      calls.push('send');
      sequence = Buffer.from(buffer).readUInt32LE(8);
      return buffer.length;
    },
    recv(_fd, buffer) {
      const answer = current.shift() ?? 'EAGAIN';
      if (typeof answer === 'string') return fail(answer);
      const bytes = Buffer.from(answer);
      for (let at = 0; at + 16 <= bytes.length; at += (bytes.readUInt32LE(at) + 3) & ~3)
        bytes.writeUInt32LE(sequence, at + 8);
      buffer.set(bytes);
      return bytes.length;
    },
    close() {
      calls.push('close');
      return 0;
    },
    errno: () => errno,
  };
  return { libc: libc as Libc, calls };
}

describe('createSockDiagReader', () => {
  it('reads dump after dump over one socket', () => {
    const { libc, calls } = fakeLibc([SOCKETS, DONE, SOCKETS, DONE]);
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
    const { libc } = fakeLibc([two, DONE, two, DONE, one, DONE, two, DONE]);
    const reader = createSockDiagReader(libc, ALL_SOCKETS);
    const table = new SocketTable();
    const changes = [];
    for (let scrape = 0; scrape < 4; scrape++) {
      table.turn();
      reader.read(table, NO_LIMIT);
      changes.push([table.changes.isFresh, table.changes.removedLength, table.added.length]);
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
    const { libc } = fakeLibc([SOCKETS, DONE, SOCKETS, 'ENOBUFS'], [SOCKETS, DONE, SOCKETS, DONE]);
    const reader = createSockDiagReader(libc, ALL_SOCKETS);
    const table = new SocketTable();
    const areFresh = [];
    for (let scrape = 0; scrape < 3; scrape++) {
      table.turn();
      reader.read(table, NO_LIMIT);
      assert.equal(table.length, SOCKETS_IN_RECORDING);
      areFresh.push(table.changes.isFresh);
      table.commit();
    }
    assert.deepEqual(areFresh, [true, true, false]);
  });

  it('goes on after EINTR', () => {
    const table = new SocketTable();
    createSockDiagReader(fakeLibc(['EINTR', SOCKETS, 'EINTR', DONE]).libc, ALL_SOCKETS).read(table, NO_LIMIT);
    assert.equal(table.length, SOCKETS_IN_RECORDING);
  });

  it('does not go on for ever when every call is interrupted', () => {
    const { libc, calls } = fakeLibc(...Array.from({ length: 4 }, () => Array<Answer>(1000).fill('EINTR')));
    assert.throws(() => createSockDiagReader(libc, ALL_SOCKETS).read(new SocketTable(), NO_LIMIT), { code: 'EINTR' });
    assert.equal(calls.filter((call) => call === 'socket').length, 3);
  });

  it('starts anew, from an empty table and a new socket, when the kernel ran out of buffer', () => {
    const { libc, calls } = fakeLibc([SOCKETS, 'ENOBUFS'], [SOCKETS, DONE]);
    const table = new SocketTable();
    createSockDiagReader(libc, ALL_SOCKETS).read(table, NO_LIMIT);
    assert.equal(table.length, SOCKETS_IN_RECORDING);
    assert.deepEqual(calls, ['socket', 'send', 'close', 'socket', 'send']);
  });

  it('gives up after three disturbed dumps', () => {
    const { libc, calls } = fakeLibc(['ENOBUFS'], ['ENOBUFS'], ['ENOBUFS'], [DONE]);
    assert.throws(() => createSockDiagReader(libc, ALL_SOCKETS).read(new SocketTable(), NO_LIMIT), { code: 'ENOBUFS' });
    assert.equal(calls.filter((call) => call === 'socket').length, 3);
  });

  it('fails when the kernel falls silent, and works again at the next read', () => {
    const { libc } = fakeLibc([SOCKETS, 'EAGAIN'], [SOCKETS, DONE]);
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
      () => createSockDiagReader(fakeLibc([SOCKETS, failed]).libc, ALL_SOCKETS).read(new SocketTable(), NO_LIMIT),
      { code: 'ENOMEM' },
    );
  });

  it('names the call and the errno when there is no socket to be had', () => {
    assert.throws(
      () => createSockDiagReader(fakeLibc().libc, ALL_SOCKETS).read(new SocketTable(), NO_LIMIT),
      /^SystemCallError: socket\(AF_NETLINK, NETLINK_SOCK_DIAG\): EMFILE$/,
    );
  });

  it('gives up at the deadline and closes the socket that still has the rest', () => {
    const { libc, calls } = fakeLibc([SOCKETS, SOCKETS, SOCKETS, DONE]);
    let clock = 0;
    const budget = { now: () => clock++, deadlineMs: 1 };
    assert.throws(
      () => createSockDiagReader(libc, ALL_SOCKETS).read(new SocketTable(), budget),
      /missed the deadline at 24 sockets/,
    );
    assert.equal(calls.at(-1), 'close');
  });

  it('breaks a dump off when it has brought enough', () => {
    const { libc, calls } = fakeLibc([SOCKETS, SOCKETS, SOCKETS, DONE]);
    const table = new SocketTable();
    createSockDiagReader(libc, ALL_SOCKETS, 20).read(table, NO_LIMIT);
    assert.equal(table.length, 24);
    assert.equal(calls.at(-1), 'close');
  });

  it('refuses a datagram larger than its buffer', () => {
    const { libc } = fakeLibc([DONE]);
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
