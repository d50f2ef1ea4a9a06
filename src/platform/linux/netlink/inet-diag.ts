import { V4_MAPPED_WORD } from '../../../model/ip-address.ts';
import { normalizeState, TcpState } from '../../../model/tcp-state.ts';
import type { AddressTable } from '../../../table/address-table.ts';
import { Family, packUse, ROW_WORDS, setGroup, Word } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { RepeatedRows } from '../rows/repeated-rows.ts';
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

// Layouts: include/uapi/linux/inet_diag.h. Offsets count from the start of the netlink message.
export const TCPDIAG_GETSOCK = 18;
const SOCK_DIAG_BY_FAMILY = 20;
export const AF_INET = 2;
const AF_INET6 = 10;

/** struct inet_diag_msg behind the header. */
export const MESSAGE = {
  family: 16,
  state: 17,
  timer: 18,
  /** Both ports, 16 bits each, in network order. */
  ports: 20,
  localAddress: 24,
  remoteAddress: 40,
  expires: 68,
  receiveQueue: 72,
  sendQueue: 76,
  inode: 84,
  /** First attribute; struct rtattr: length u16, type u16, then the payload, all aligned to 4. */
  attributes: 88,
} as const;

export const INET_DIAG_INFO = 2;
const INET_DIAG_CGROUP_ID = 21;
const TIMER_TIME_WAIT = 3;
/** Of an address's four words, the one that an IPv4 address has in its v4-mapped form. */
const LAST_WORD = 3;
/** struct tcp_info.tcpi_last_ack_recv (include/uapi/linux/tcp.h): milliseconds since the last ACK came in. */
const TCP_INFO_LAST_ACK_RECV = 56;

/**
 * Appends the sockets of one received datagram (bytes 0 … end − 1) to the table; messages of another sequence are
 * skipped. Returns whether the dump is complete. Throws when the bytes or the kernel say that it failed.
 * `repeated` is at the point where the datagrams before left it.
 */
export function decodeDump(
  buffer: NetlinkBuffer,
  end: number,
  sequence: number,
  table: SocketTable,
  repeated: RepeatedRows,
): boolean {
  const { halves, words } = buffer;
  for (let at = 0; at < end; ) {
    const length = messageLength(buffer, at, end);
    if (words[(at + 8) >> 2] === sequence) {
      const type = halves[(at + 4) >> 1]!;
      if (halves[(at + 6) >> 1]! & NLM_F_DUMP_INTR)
        throw new NetlinkError('the socket dump was interrupted', 'NLM_F_DUMP_INTR');
      if (type === SOCK_DIAG_BY_FAMILY || type === TCPDIAG_GETSOCK) decodeSocket(buffer, at, length, table, repeated);
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

/** One socket → one row: that of the last dump where it is the same socket in the same state, else a new one. */
function decodeSocket(
  buffer: NetlinkBuffer,
  at: number,
  length: number,
  table: SocketTable,
  repeated: RepeatedRows,
): void {
  if (length < MESSAGE.attributes) throw new NetlinkError(`inet_diag message of ${length} bytes`, 'EBADMSG');
  const { bytes, words } = buffer;
  const isShort = bytes[at + MESSAGE.family] === AF_INET;
  if (!isShort && bytes[at + MESSAGE.family] !== AF_INET6)
    throw new NetlinkError(`inet_diag message of address family ${bytes[at + MESSAGE.family]}`, 'EBADMSG');
  const state = toState(bytes[at + MESSAGE.state]!);
  const local = (at + MESSAGE.localAddress) >> 2;
  const remote = (at + MESSAGE.remoteAddress) >> 2;
  const use = packUse(state, isShort ? Family.v4 : familyOf(table, words, local, remote, state));
  const ports = swapBytes(words[(at + MESSAGE.ports) >> 2]!);
  const owner = words[(at + MESSAGE.inode) >> 2]!;
  const remoteWord = words[isShort ? remote : remote + LAST_WORD]!;
  const isTimeWait = state === TcpState.timeWait && bytes[at + MESSAGE.timer] === TIMER_TIME_WAIT;
  const milliseconds = isTimeWait ? words[(at + MESSAGE.expires) >> 2]! : 0;
  const old = repeated.find(table, ports, remoteWord, owner, use, words[isShort ? local : local + LAST_WORD]!);
  if (old >= 0 && (isShort ? isPlain(table, old, state) : hasAddresses(table, old, words, local, remote))) {
    const row = table.keep(old);
    if (isTimeWait) table.words[row * ROW_WORDS + Word.milliseconds] = milliseconds;
    if (state === TcpState.listen) noteQueue(buffer, at, row, table);
    return;
  }
  const { addresses } = table;
  const row = table.append(
    ports,
    remoteWord,
    owner,
    isShort ? addresses.internIpv4(words[local]!) : internAt(addresses, words, local),
    isShort ? addresses.internIpv4(words[remote]!) : internAt(addresses, words, remote),
    use,
    milliseconds,
  );
  if (length > MESSAGE.attributes) decodeAttributes(buffer, at, length, row, table);
  if (state === TcpState.listen) noteQueue(buffer, at, row, table);
}

function noteQueue({ words }: NetlinkBuffer, at: number, row: number, table: SocketTable): void {
  const length = words[(at + MESSAGE.receiveQueue) >> 2]! >>> 0;
  table.listenQueues.push({ row, length, limit: words[(at + MESSAGE.sendQueue) >> 2]! >>> 0 });
}

/** The family on the wire. Rows of connections between two families, of which no kernel should tell, cannot be compared. */
function familyOf(table: SocketTable, words: Int32Array, local: number, remote: number, state: number): number {
  const isLocalMapped = isV4Mapped(words, local);
  const isRemoteMapped = isV4Mapped(words, remote);
  const isConnection = state !== TcpState.listen && state !== TcpState.bound;
  if (isConnection && isLocalMapped !== isRemoteMapped) table.isComparable = false;
  return isLocalMapped || isRemoteMapped ? Family.v4 : Family.v6;
}

/** Whether a row of family IPv4 has no other addresses: a socket of both families may be bound to one of each kind. */
function isPlain({ words, addresses }: SocketTable, row: number, state: number): boolean {
  if (state !== TcpState.listen && state !== TcpState.bound) return true;
  const at = row * ROW_WORDS;
  return addresses.isIpv4(words[at + Word.localAddress]!) && addresses.isIpv4(words[at + Word.remoteAddress]!);
}

/** Whether a row of the last dump, found by the last word of its addresses, has the rest of them too. */
function hasAddresses(
  { words: rows, addresses }: SocketTable,
  row: number,
  words: Int32Array,
  local: number,
  remote: number,
): boolean {
  return (
    isAt(addresses, rows[row * ROW_WORDS + Word.localAddress]!, words, local) &&
    isAt(addresses, rows[row * ROW_WORDS + Word.remoteAddress]!, words, remote)
  );
}

function isAt(addresses: AddressTable, id: number, words: Int32Array, at: number): boolean {
  return (
    addresses.word(id, 0) === words[at] &&
    addresses.word(id, 1) === words[at + 1] &&
    addresses.word(id, 2) === words[at + 2]
  );
}

function internAt(addresses: AddressTable, words: Int32Array, at: number): number {
  return addresses.intern(words[at]!, words[at + 1]!, words[at + 2]!, words[at + LAST_WORD]!);
}

/** The attributes that stand in a row: the cgroup id, and the age behind tcp_info. Others are stepped over. */
function decodeAttributes(buffer: NetlinkBuffer, start: number, length: number, row: number, table: SocketTable): void {
  const { halves, words } = buffer;
  const end = start + length;
  for (let at = start + MESSAGE.attributes; at + 4 <= end; ) {
    const size = halves[at >> 1]!;
    if (size < 4 || size > end - at)
      throw new NetlinkError(`inet_diag attribute of ${size} bytes in ${end - at}`, 'EBADMSG');
    const type = halves[(at + 2) >> 1]!;
    const payload = at + 4;
    if (type === INET_DIAG_CGROUP_ID && size >= 12) {
      const group = table.groups.intern(words[payload >> 2]!, words[(payload >> 2) + 1]!);
      setGroup(table.words, row * ROW_WORDS, group);
    } else if (type === INET_DIAG_INFO && size >= 4 + TCP_INFO_LAST_ACK_RECV + 4) {
      const age = words[(payload + TCP_INFO_LAST_ACK_RECV) >> 2]! & 0x7fffffff;
      table.words[row * ROW_WORDS + Word.milliseconds] = age;
    }
    at += (size + 3) & ~3;
  }
}

/** Bound-but-idle sockets arrive as CLOSE; no other socket of that state is in the tables the kernel walks. */
function toState(kernelState: number): TcpState {
  return kernelState === TcpState.close ? TcpState.bound : normalizeState(kernelState);
}

function isV4Mapped(words: Int32Array, at: number): boolean {
  return words[at] === 0 && words[at + 1] === 0 && words[at + 2] === V4_MAPPED_WORD;
}

/** Two big-endian ports → two numbers, the local one in the low half, on the little-endian machines koffi and Node run on. */
function swapBytes(ports: number): number {
  return ((ports & 0x00ff00ff) << 8) | ((ports >>> 8) & 0x00ff00ff);
}
