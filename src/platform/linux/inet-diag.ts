import { V4_MAPPED_WORD } from '../../model/ip-address.ts';
import { Family, type SocketTable } from '../../model/socket-table.ts';
import { normalizeState, TcpState } from '../../model/tcp-state.ts';
import {
  allocateNetlinkBuffer,
  checkStatus,
  encodeDumpHeader,
  messageLength,
  type NetlinkBuffer,
  NetlinkError,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_OVERRUN,
} from './netlink.ts';

// Layouts: include/uapi/linux/inet_diag.h. Offsets count from the start of the netlink message.
const TCPDIAG_GETSOCK = 18;
const SOCK_DIAG_BY_FAMILY = 20;
const AF_INET = 2;
const AF_INET6 = 10;

/** struct inet_diag_req behind the header: family u8 @16, extensions u8 @19, id 48 bytes @20, states u32 @68, dbs u32 @72. */
const REQUEST = { length: 76, family: 16, extensions: 19, states: 68 } as const;

/** struct inet_diag_msg behind the header. */
export const MESSAGE = {
  family: 16,
  state: 17,
  timer: 18,
  localPort: 20,
  remotePort: 22,
  localAddress: 24,
  remoteAddress: 40,
  expires: 68,
  receiveQueue: 72,
  sendQueue: 76,
  inode: 84,
  /** First attribute; struct rtattr: length u16, type u16, then the payload, all aligned to 4. */
  attributes: 88,
} as const;

const INET_DIAG_INFO = 2;
const INET_DIAG_CGROUP_ID = 21;
const TIMER_TIME_WAIT = 3;
/** struct tcp_info.tcpi_last_ack_recv (include/uapi/linux/tcp.h): milliseconds since the last ACK came in. */
const TCP_INFO_LAST_ACK_RECV = 56;

const STATE_BITS_1_TO_11 = 0xffe;
const TCPF_BOUND_INACTIVE = 1 << 13;

/** What to ask the kernel for. */
export interface DumpQuery {
  /** Bit n = state n. */
  readonly states: number;
  /** Bit n − 1 = attribute n. */
  readonly extensions: number;
}

/** Every socket; kernels before 6.8 ignore the bit of bound-but-idle ones. */
export const ALL_SOCKETS: DumpQuery = { states: STATE_BITS_1_TO_11 | TCPF_BOUND_INACTIVE, extensions: 0 };

/** Bound-but-idle sockets only. */
export const BOUND_SOCKETS: DumpQuery = { states: TCPF_BOUND_INACTIVE, extensions: 0 };

/**
 * CLOSE_WAIT sockets with their tcp_info, which tells how long ago the peer was last heard of, and the listeners that
 * those which were never accepted belong to.
 */
export const CLOSE_WAIT_AGES: DumpQuery = {
  states: (1 << TcpState.closeWait) | (1 << TcpState.listen),
  extensions: 1 << (INET_DIAG_INFO - 1),
};

/** LISTEN sockets: the cheapest dump, to find out whether the kernel answers. */
export const LISTENERS: DumpQuery = { states: 1 << TcpState.listen, extensions: 0 };

/** The request for one dump of both families in one walk of the kernel's tables. */
export function encodeDumpRequest(query: DumpQuery, sequence: number): Uint8Array {
  const request = allocateNetlinkBuffer(REQUEST.length);
  encodeDumpHeader(request, REQUEST.length, TCPDIAG_GETSOCK, sequence);
  request.bytes[REQUEST.family] = AF_INET;
  request.bytes[REQUEST.extensions] = query.extensions;
  request.words[REQUEST.states >> 2] = query.states;
  return request.bytes;
}

/**
 * Appends the sockets of one received datagram (bytes 0 … end − 1) to the table; messages of another sequence are
 * skipped. Returns whether the dump is complete. Throws when the bytes or the kernel say that it failed.
 */
export function decodeDump(buffer: NetlinkBuffer, end: number, sequence: number, table: SocketTable): boolean {
  table.reserve(Math.floor(end / MESSAGE.attributes) + 1);
  const { halves, words } = buffer;
  for (let at = 0; at < end; ) {
    const length = messageLength(buffer, at, end);
    if (words[(at + 8) >> 2] === sequence) {
      const type = halves[(at + 4) >> 1]!;
      if (halves[(at + 6) >> 1]! & NLM_F_DUMP_INTR)
        throw new NetlinkError('the socket dump was interrupted', 'NLM_F_DUMP_INTR');
      if (type === SOCK_DIAG_BY_FAMILY || type === TCPDIAG_GETSOCK) decodeSocket(buffer, at, length, table);
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

/** One socket → one row. The table has room for it. */
function decodeSocket(buffer: NetlinkBuffer, at: number, length: number, table: SocketTable): void {
  if (length < MESSAGE.attributes) throw new NetlinkError(`inet_diag message of ${length} bytes`, 'EBADMSG');
  const { bytes, halves, words } = buffer;
  const columns = table.columns;
  const row = table.length++;
  const family = bytes[at + MESSAGE.family]!;
  const state = toState(bytes[at + MESSAGE.state]!);
  columns.state[row] = state;
  columns.localPort[row] = swapBytes(halves[(at + MESSAGE.localPort) >> 1]!);
  columns.remotePort[row] = swapBytes(halves[(at + MESSAGE.remotePort) >> 1]!);
  const local = (at + MESSAGE.localAddress) >> 2;
  const remote = (at + MESSAGE.remoteAddress) >> 2;
  const { addresses } = table;
  if (family === AF_INET) {
    columns.family[row] = Family.v4;
    columns.localAddress[row] = addresses.internIpv4(words[local]!);
    columns.remoteAddress[row] = addresses.internIpv4(words[remote]!);
  } else if (family === AF_INET6) {
    const isMapped = isV4Mapped(words, remote) || isV4Mapped(words, local);
    columns.family[row] = isMapped ? Family.v4 : Family.v6;
    columns.localAddress[row] = addresses.intern(
      words[local]!,
      words[local + 1]!,
      words[local + 2]!,
      words[local + 3]!,
    );
    columns.remoteAddress[row] = addresses.intern(
      words[remote]!,
      words[remote + 1]!,
      words[remote + 2]!,
      words[remote + 3]!,
    );
  } else throw new NetlinkError(`inet_diag message of address family ${family}`, 'EBADMSG');
  columns.owner[row] = words[(at + MESSAGE.inode) >> 2]!;
  columns.process[row] = 0;
  columns.reason[row] = 0;
  const isTimeWait = state === TcpState.timeWait && bytes[at + MESSAGE.timer] === TIMER_TIME_WAIT;
  columns.milliseconds[row] = isTimeWait ? words[(at + MESSAGE.expires) >> 2]! : 0;
  columns.group[row] = 0;
  if (length > MESSAGE.attributes) decodeAttributes(buffer, at, length, row, table);
  if (state === TcpState.listen) {
    const queueLength = words[(at + MESSAGE.receiveQueue) >> 2]! >>> 0;
    table.listenQueues.push({ row, length: queueLength, limit: words[(at + MESSAGE.sendQueue) >> 2]! >>> 0 });
  }
}

/** The attributes that stand in columns: the cgroup id, and the age behind tcp_info. Others are stepped over. */
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
      table.columns.group[row] = table.groups.intern(words[payload >> 2]!, words[(payload >> 2) + 1]!);
    } else if (type === INET_DIAG_INFO && size >= 4 + TCP_INFO_LAST_ACK_RECV + 4) {
      table.columns.milliseconds[row] = words[(payload + TCP_INFO_LAST_ACK_RECV) >> 2]! & 0x7fffffff;
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

/** Big-endian port → number, on the little-endian machines koffi and Node run on. */
function swapBytes(half: number): number {
  return ((half & 0xff) << 8) | (half >> 8);
}
