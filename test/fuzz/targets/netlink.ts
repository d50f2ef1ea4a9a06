import assert from 'node:assert/strict';
import type { Libc } from '../../../src/platform/linux/libc/libc.ts';
import { seesBoundSockets } from '../../../src/platform/linux/netlink/bound-probe.ts';
import { ALL_SOCKETS } from '../../../src/platform/linux/netlink/dump-request.ts';
import { decodeDump } from '../../../src/platform/linux/netlink/inet-diag.ts';
import { MESSAGE } from '../../../src/platform/linux/netlink/inet-diag-layout.ts';
import { decodeLookup } from '../../../src/platform/linux/netlink/lookup-request.ts';
import { allocateNetlinkBuffer } from '../../../src/platform/linux/netlink/netlink.ts';
import { checkNetlink } from '../../../src/platform/linux/netlink/netlink-probe.ts';
import { createSockDiagReader } from '../../../src/platform/linux/netlink/sock-diag.ts';
import { createSocketLookup } from '../../../src/platform/linux/netlink/socket-lookup.ts';
import { RepeatedRows } from '../../../src/platform/linux/rows/repeated-rows.ts';
import { SocketTable } from '../../../src/table/socket-table.ts';
import { splitDatagrams } from '../../support/fakes/recorded-datagrams.ts';
import { addSocketRows } from '../../support/tables/socket-rows.ts';
import { rowOf } from '../round-trips/sockets.ts';
import { answerOf, type FuzzTarget, isRefusal, type ReadFixture, type Refusal } from '../target.ts';
import { checkRows, valuesOf } from './check-rows.ts';
import { fakeLibc, fill } from './fake-libc.ts';
import { joinPieces, splitPieces } from './pieces.ts';

const BUFFER_LENGTH = 64 * 1024;
/** What may stand behind a datagram: the end of a longer one before it. */
const STALE_BYTES = 256;
const SEQUENCE = 1;
const MOST_DUMPS = 16;
const REFUSAL = { name: 'NetlinkError' };
const BAD_ATTRIBUTE = { ...REFUSAL, says: /^inet_diag attribute of \d+ bytes in \d+/ };
/** Errors of `read`: also of the calls, and the deadline. */
const READ_REFUSALS = [REFUSAL, { name: 'SystemCallError' }, { says: /missed the deadline/ }];

const buffer = allocateNetlinkBuffer(BUFFER_LENGTH);
const ONE_CONNECTION = addSocketRows(new SocketTable(), [
  { state: 'established', local: ['10.0.0.1', 1], remote: ['10.0.0.2', 2] },
]);

export const NETLINK: Readonly<Record<string, FuzzTarget>> = {
  'inet-diag': {
    drives: [
      'platform/linux/netlink/inet-diag.ts#decodeDump',
      'platform/linux/netlink/inet-diag-attributes.ts#decodeAttributes',
      'platform/linux/netlink/inet-diag.ts#decodeSocket',

      'platform/linux/netlink/netlink.ts#messageLength',
      'platform/linux/netlink/netlink.ts#checkStatus',
    ],
    holds:
      'no more rows than the datagram has room for, each with a family, state, address and group that exist; bytes behind its end change nothing',
    seeds: recordedDatagrams,
    run(input) {
      const datagram = input.subarray(0, BUFFER_LENGTH - STALE_BYTES);
      assert.deepEqual(decode(datagram, 0x00), decode(datagram, 0xff));
    },
  },
  'inet-diag-repeated': {
    drives: [
      'platform/linux/rows/repeated-rows.ts#find',
      'platform/linux/rows/place-row.ts#placeRow',
      'table/socket-rows.ts#keep',
    ],
    holds: 'dumps one after the other give the sockets that each gives by itself',
    seeds: (read) => {
      const datagrams = recordedDatagrams(read);
      return [joinPieces([...datagrams, ...datagrams]), ...datagrams.map((each) => joinPieces([each, each, each]))];
    },
    run(input) {
      const table = new SocketTable();
      const repeated = new RepeatedRows();
      for (const datagram of splitPieces(input).slice(0, MOST_DUMPS)) {
        buffer.bytes.set(datagram);
        const decodeInto = (into: SocketTable, known: RepeatedRows, refusal: Refusal) =>
          answerOf(() => decodeDump(buffer, datagram.length, SEQUENCE, into, known), refusal);
        const alone = new SocketTable();
        repeated.begin();
        const isComplete = decodeInto(table, repeated, REFUSAL);
        // of sockets that are known the attributes are not looked at: nothing else may be refused by one side alone
        const isAloneComplete = decodeInto(
          alone,
          new RepeatedRows(),
          isComplete === undefined ? REFUSAL : BAD_ATTRIBUTE,
        );
        if (isComplete === undefined) assert.equal(isAloneComplete, undefined);
        if (isAloneComplete !== undefined)
          assert.deepEqual([isComplete, table.length], [isAloneComplete, alone.length]);
        for (let row = 0; row < Math.min(table.length, alone.length); row++)
          assert.deepEqual(rowOf(table, row), rowOf(alone, row));
        table.finish();
        if (isComplete !== undefined) table.commit(); // a refused dump is not counted, nor compared with
        table.turn();
      }
    },
  },
  'socket-lookup': {
    drives: [
      'platform/linux/netlink/lookup-request.ts#decodeLookup',
      'platform/linux/netlink/lookup-request.ts#decodeFound',
      'platform/linux/netlink/lookup-request.ts#decodeRefusal',
      'platform/linux/netlink/lookup-request.ts#decodeTcpOptions',
      'platform/linux/netlink/socket-lookup.ts#lookUp',
    ],
    holds:
      'an answer of its own sequence, no answer, or an error; bytes behind the end of the datagram change nothing, and of a kernel that says whatever it likes a look-up ends',
    seeds: (read) => {
      const datagrams = splitDatagrams(read('linux/inet-diag-lookups.bin'));
      return [...datagrams, joinPieces(datagrams)];
    },
    run(input) {
      const datagram = input.subarray(0, BUFFER_LENGTH - STALE_BYTES);
      assert.deepEqual(lookUpIn(datagram, 0x00), lookUpIn(datagram, 0xff));
      const lookup = createSocketLookup(kernelWith([...splitPieces(input), datagram]));
      for (let request = 0; request < MOST_DUMPS; request++) tolerate(() => lookup.lookUp(ONE_CONNECTION, 0));
    },
  },
  'sock-diag': {
    drives: [
      'platform/linux/netlink/sock-diag.ts#createSockDiagReader',
      'platform/linux/netlink/sock-diag.ts#read',
      'platform/linux/netlink/bound-probe.ts#seesBoundSockets',
      'platform/linux/netlink/netlink-probe.ts#checkNetlink',
    ],
    holds:
      'a read ends after any row of datagrams, with rows that exist or an error of the dump; probes end with an answer or that error',
    seeds: (read) => [
      joinPieces(recordedDatagrams(read)),
      ...recordedDatagrams(read).map((each) => joinPieces([each])),
    ],
    run(input) {
      const datagrams = splitPieces(input);
      const table = new SocketTable();
      const isRead = tolerate(() => createSockDiagReader(kernelWith(datagrams), ALL_SOCKETS).read(table, budget()));
      if (isRead) checkRows(table, Math.floor(input.length / MESSAGE.attributes));
      tolerate(() => seesBoundSockets(kernelWith(datagrams)));
      checkNetlink(kernelWith(datagrams));
    },
  },
};

function decode(datagram: Buffer, stale: number): unknown {
  buffer.bytes.set(datagram);
  buffer.bytes.fill(stale, datagram.length, datagram.length + STALE_BYTES);
  const table = new SocketTable();
  const isComplete = answerOf(() => decodeDump(buffer, datagram.length, SEQUENCE, table, new RepeatedRows()), REFUSAL);
  // a refused dump leaves a row half filled, which nobody reads
  if (isComplete !== undefined) checkRows(table, Math.floor(datagram.length / MESSAGE.attributes));
  return [isComplete, table.length, isComplete === undefined ? undefined : valuesOf(table)];
}

function lookUpIn(datagram: Buffer, stale: number): unknown {
  buffer.bytes.set(datagram);
  buffer.bytes.fill(stale, datagram.length, datagram.length + STALE_BYTES);
  return answerOf(() => decodeLookup(buffer, datagram.length, SEQUENCE), REFUSAL);
}

/** A kernel that sends these datagrams and then nothing. */
function kernelWith(datagrams: readonly Buffer[]): Libc {
  let next = 0;
  return fakeLibc({
    socket: () => 7,
    bind: () => 0,
    setsockopt: () => 0,
    send: (_fd, request) => request.length,
    recv(_fd, into, length) {
      const datagram = datagrams[next++];
      return datagram === undefined ? -1 : Math.max(fill(into, datagram, length), datagram.length);
    },
  });
}

function budget() {
  return { deadlineMs: performance.now() + 60_000, now: () => performance.now() };
}

/** Whether it was read; an error that `read` may end with is no trouble. */
function tolerate(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!READ_REFUSALS.some((refusal) => isRefusal(error, refusal))) throw error;
    return false;
  }
}

function recordedDatagrams(read: ReadFixture): Buffer[] {
  return ['inet-diag-all.bin', 'inet-diag-close-wait.bin'].flatMap((name) => splitDatagrams(read(`linux/${name}`)));
}
