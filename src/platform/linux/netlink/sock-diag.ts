import { MISSED_DEADLINE } from '../../../model/missed-deadline.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { ScrapeBudget, SocketReader } from '../../platform.ts';
import { type Libc, SystemCallError } from '../libc/libc.ts';
import { RepeatedRows } from '../rows/repeated-rows.ts';
import { type DumpQuery, encodeDumpRequest } from './dump-request.ts';
import { decodeDump } from './inet-diag.ts';
import { allocateNetlinkBuffer, NetlinkError } from './netlink.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
/** recv() returns the datagram's real length even when the buffer was too small for it. */
const MSG_TRUNC = 0x20;
/** The kernel fills at most 32 KiB per datagram of a dump (net/netlink/af_netlink.c, netlink_dump). */
const BUFFER_LENGTH = 64 * 1024;
/** A dump answers from memory: silence this long means that it will never come. */
const RECEIVE_TIMEOUT_SECONDS = 2;
/** Dumps started anew in one read when the kernel says that one was disturbed (ENOBUFS, EINTR, NLM_F_DUMP_INTR). */
const MAX_TRIES = 3;
/** Signals in a row that one recv() may meet: a sandbox that says EINTR for ever must not hold the thread. */
const MAX_INTERRUPTIONS = 20;

/**
 * Reads sockets by inet_diag dumps over one netlink socket, which is kept, and made anew after any failure. A dump is
 * broken off, without an error, when it has brought more than `most` rows.
 */
export function createSockDiagReader(
  libc: Libc,
  query: DumpQuery,
  most = Number.POSITIVE_INFINITY,
): SocketReader & { close(): void } {
  const buffer = allocateNetlinkBuffer(BUFFER_LENGTH);
  const repeated = new RepeatedRows();
  let fd = -1;
  let sequence = 0;

  return { source: 'sock_diag', comparesRows: true, read, close };

  function read(table: SocketTable, budget: ScrapeBudget): void {
    for (let attempt = 1; ; attempt++) {
      try {
        dump(table, budget);
        return;
      } catch (error) {
        close(); // what is left of a broken dump must not answer the next request
        if (attempt === MAX_TRIES || !isDisturbed(error)) throw error;
        table.reset();
      }
    }
  }

  function dump(table: SocketTable, budget: ScrapeBudget): void {
    if (fd < 0) fd = openSocket(libc);
    sequence = (sequence + 1) & 0x7fffffff;
    repeated.begin();
    const request = encodeDumpRequest(query, sequence);
    if (libc.send(fd, request, request.length, 0) < 0)
      throw new SystemCallError('send(NETLINK_SOCK_DIAG)', libc.errno());
    for (let isComplete = false; !isComplete; ) {
      if (budget.now() > budget.deadlineMs)
        throw new Error(`the socket dump ${MISSED_DEADLINE} at ${table.length} sockets`);
      isComplete = decodeDump(buffer, receive(), sequence, table, repeated);
      if (!isComplete && table.length > most) {
        close();
        break;
      }
    }
    table.finish();
  }

  function receive(): number {
    for (let interruptions = 1; ; interruptions++) {
      const length = libc.recv(fd, buffer.bytes, BUFFER_LENGTH, MSG_TRUNC);
      if (length > BUFFER_LENGTH) throw new NetlinkError(`netlink datagram of ${length} bytes`, 'EMSGSIZE');
      if (length > 0) return length;
      if (length === 0) throw new NetlinkError('netlink socket closed by the kernel', 'EPIPE');
      const error = new SystemCallError('recv(NETLINK_SOCK_DIAG)', libc.errno());
      if (error.code !== 'EINTR' || interruptions === MAX_INTERRUPTIONS) throw error;
    }
  }

  function close(): void {
    if (fd >= 0) libc.close(fd);
    fd = -1;
  }
}

function openSocket(libc: Libc): number {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) throw new SystemCallError('socket(AF_NETLINK, NETLINK_SOCK_DIAG)', libc.errno());
  const timeout = new BigInt64Array([BigInt(RECEIVE_TIMEOUT_SECONDS), 0n]); // struct timeval, 64 bit
  if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(timeout.buffer), 16) < 0) {
    const error = new SystemCallError('setsockopt(SO_RCVTIMEO)', libc.errno());
    libc.close(fd);
    throw error;
  }
  return fd;
}

function isDisturbed(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === 'ENOBUFS' || code === 'EINTR' || code === 'NLM_F_DUMP_INTR' || code === 'NLMSG_OVERRUN';
}
