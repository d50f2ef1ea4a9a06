import { TcpState } from '../../../model/tcp-state.ts';
import { isLeft } from '../../../table/connection-states.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { CloseWaitClock } from '../rows/close-wait-clock.ts';
import { createSocketFacts, placeRow } from '../rows/place-row.ts';
import type { RepeatedRows } from '../rows/repeated-rows.ts';
import { decodeAttributes } from './inet-diag-attributes.ts';
import {
  AF_INET,
  AF_INET6,
  MESSAGE,
  SOCK_DIAG_BY_FAMILY,
  swapBytes,
  TCPDIAG_GETSOCK,
  toState,
} from './inet-diag-layout.ts';
import {
  checkStatus,
  messageLength,
  type NetlinkBuffer,
  NetlinkError,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_OVERRUN,
} from './netlink.ts';

const TIMER_TIME_WAIT = 3;
/**
 * Appends the sockets of one received datagram (bytes 0 … end − 1) to the table; skips messages of other requests.
 * Returns whether the dump is complete. Throws if the bytes are invalid or the kernel reports a failure. `repeated`
 * continues where the previous datagrams left it.
 */
export function decodeDump(
  buffer: NetlinkBuffer,
  end: number,
  sequence: number,
  table: SocketTable,
  repeated: RepeatedRows,
  clock?: CloseWaitClock,
): boolean {
  const { halves, words } = buffer;
  for (let at = 0; at < end; ) {
    const length = messageLength(buffer, at, end);
    if (words[(at + 8) >> 2] === sequence) {
      const type = halves[(at + 4) >> 1]!;
      if (halves[(at + 6) >> 1]! & NLM_F_DUMP_INTR)
        throw new NetlinkError('the socket dump was interrupted', 'NLM_F_DUMP_INTR');
      if (type === SOCK_DIAG_BY_FAMILY || type === TCPDIAG_GETSOCK)
        decodeSocket(buffer, at, length, table, repeated, clock);
      else if (type === NLMSG_DONE) {
        checkStatus(buffer, at, length, 'the socket dump');
        return true;
      } else if (type === NLMSG_ERROR) checkStatus(buffer, at, length, 'the socket dump');
      else if (type === NLMSG_OVERRUN)
        throw new NetlinkError('the kernel lost part of the socket dump', 'NLMSG_OVERRUN');
    }
    at += (length + 3) & ~3;
  }
  return false;
}

/** What the last message told. */
const socket = createSocketFacts();

function decodeSocket(
  buffer: NetlinkBuffer,
  at: number,
  length: number,
  table: SocketTable,
  repeated: RepeatedRows,
  clock: CloseWaitClock | undefined,
): void {
  if (length < MESSAGE.attributes) throw new NetlinkError(`inet_diag message of ${length} bytes`, 'EBADMSG');
  const { bytes, words } = buffer;
  const state = toState(bytes[at + MESSAGE.state]!);
  const isTimeWait = state === TcpState.timeWait && bytes[at + MESSAGE.timer] === TIMER_TIME_WAIT;
  socket.words = words;
  socket.local = (at + MESSAGE.localAddress) >> 2;
  socket.remote = (at + MESSAGE.remoteAddress) >> 2;
  socket.isShort = isShortAddress(bytes[at + MESSAGE.family]!);
  socket.state = state;
  socket.ports = swapBytes(words[(at + MESSAGE.ports) >> 2]!);
  socket.owner = words[(at + MESSAGE.inode) >> 2]!;
  socket.boundInterface = words[(at + MESSAGE.interface) >> 2]!;
  socket.milliseconds = isTimeWait ? words[(at + MESSAGE.expires) >> 2]! : 0;
  const row = placeRow(table, repeated, socket);
  if (row < 0) return;
  if (socket.owner === 0 && table.cookies !== undefined && isLeft(state))
    table.noteCookie(row, words[(at + MESSAGE.cookie) >> 2]!, words[(at + MESSAGE.cookie + 4) >> 2]!);
  if (!socket.isKept)
    decodeAttributes(buffer, at, length, row, table, state === TcpState.closeWait ? clock : undefined);
  if (state === TcpState.listen) noteQueue(buffer, at, row, table);
}

function isShortAddress(family: number): boolean {
  if (family !== AF_INET && family !== AF_INET6)
    throw new NetlinkError(`inet_diag message of address family ${family}`, 'EBADMSG');
  return family === AF_INET;
}

function noteQueue({ words }: NetlinkBuffer, at: number, row: number, table: SocketTable): void {
  const length = words[(at + MESSAGE.receiveQueue) >> 2]! >>> 0;
  table.listenQueues.push({ row, length, limit: words[(at + MESSAGE.sendQueue) >> 2]! >>> 0 });
}
