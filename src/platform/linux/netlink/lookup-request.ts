import type { TcpState } from '../../../model/tcp-state.ts';
import type { AddressTable } from '../../../table/address-table.ts';
import { localPortOf, packPorts, ROW_WORDS, remotePortOf, Word } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import { errnoName } from '../libc/libc.ts';
import {
  AF_INET,
  AF_INET6,
  INET_DIAG_INFO,
  MESSAGE,
  SOCK_DIAG_BY_FAMILY,
  swapBytes,
  toState,
} from './inet-diag-layout.ts';
import {
  encodeHeader,
  messageLength,
  type NetlinkBuffer,
  NetlinkError,
  NLMSG_ERROR,
  NLMSG_OVERRUN,
  statusOf,
} from './netlink.ts';

// Layouts: include/uapi/linux/inet_diag.h. Offsets count from the start of the netlink message.
/** struct inet_diag_req_v2 behind the header; the addresses are 16 bytes each. */
const REQUEST = {
  family: 16,
  protocol: 17,
  extensions: 18,
  states: 20,
  /** Both ports, 16 bits each, in network order. */
  ports: 24,
  localAddress: 28,
  remoteAddress: 44,
  interface: 60,
  cookie: 64,
  length: 72,
} as const;
export const REQUEST_LENGTH = REQUEST.length;

const IPPROTO_TCP = 6;
const ALL_STATES = -1;
/** INET_DIAG_NOCOOKIE, in both words: any socket with these addresses and ports. */
const ANY_COOKIE = -1;
/** Offset of the cookie's two words in struct inet_diag_msg. */
const MESSAGE_COOKIE = 60;
/** struct tcp_info.tcpi_options (include/uapi/linux/tcp.h): u8, the options that both ends agreed on. */
const TCP_INFO_OPTIONS = 5;
/** A bit of `FoundSocket.tcpOptions`: both ends use timestamps. */
export const TCPI_OPT_TIMESTAMPS = 1;
/** The extension to request for `tcpOptions`. */
export const WITH_TCP_INFO = 1 << (INET_DIAG_INFO - 1);

/** errno for "no such socket", and for "a different one than the cookie's". */
const ENOENT = 2;
const ESTALE = 116;

/** The kernel has no such socket. */
export const NO_SOCKET = 'no socket';

/** What the kernel now reports about the socket with a row's addresses and ports. */
export interface FoundSocket {
  readonly state: TcpState;
  /** As signed 32 bits, like in rows; 0 = no process can hold it any more, or not yet. */
  readonly inode: number;
  /** Unique since boot. */
  readonly cookie: bigint;
  /**
   * TCP options that both ends agreed on (`TCPI_OPT_…`); undefined unless requested by WITH_TCP_INFO, and in TIME_WAIT.
   */
  readonly tcpOptions: number | undefined;
}

/**
 * Writes the request for the one socket with a row's addresses and ports into `request`. `boundInterface`: the
 * interface that the socket is bound to (idiag_if of the dump), 0 = none. `extensions`: bit n − 1 = attribute n.
 */
export function encodeLookup(
  request: NetlinkBuffer,
  sequence: number,
  { words, addresses }: SocketTable,
  row: number,
  boundInterface: number,
  extensions: number,
): void {
  const at = row * ROW_WORDS;
  const local = words[at + Word.localAddress]!;
  const remote = words[at + Word.remoteAddress]!;
  // IPv4 finds IPv6 sockets with v4-mapped addresses too: the kernel stores them under their IPv4 addresses
  const isShort = addresses.isIpv4(local) && addresses.isIpv4(remote);
  encodeHeader(request, REQUEST.length, SOCK_DIAG_BY_FAMILY, sequence);
  request.bytes[REQUEST.family] = isShort ? AF_INET : AF_INET6;
  request.bytes[REQUEST.protocol] = IPPROTO_TCP;
  request.bytes[REQUEST.extensions] = extensions;
  request.words[REQUEST.states >> 2] = ALL_STATES;
  request.words[REQUEST.ports >> 2] = swapBytes(packPorts(localPortOf(words, at), remotePortOf(words, at)));
  writeAddress(request.words, REQUEST.localAddress >> 2, addresses, local, isShort);
  writeAddress(request.words, REQUEST.remoteAddress >> 2, addresses, remote, isShort);
  request.words[REQUEST.interface >> 2] = boundInterface;
  request.words.fill(ANY_COOKIE, REQUEST.cookie >> 2, REQUEST.length >> 2);
}

function writeAddress(words: Int32Array, at: number, addresses: AddressTable, id: number, isShort: boolean): void {
  words[at] = addresses.word(id, isShort ? 3 : 0);
  words[at + 1] = isShort ? 0 : addresses.word(id, 1);
  words[at + 2] = isShort ? 0 : addresses.word(id, 2);
  words[at + 3] = isShort ? 0 : addresses.word(id, 3);
}

/**
 * The answer in one received datagram (bytes 0 … end − 1), undefined if there is none; skips messages of other
 * requests. Throws if the bytes are invalid or the kernel reports a failure.
 */
export function decodeLookup(
  buffer: NetlinkBuffer,
  end: number,
  sequence: number,
): FoundSocket | typeof NO_SOCKET | undefined {
  for (let at = 0; at < end; ) {
    const length = messageLength(buffer, at, end);
    if (buffer.words[(at + 8) >> 2] === sequence) {
      const type = buffer.halves[(at + 4) >> 1]!;
      if (type === SOCK_DIAG_BY_FAMILY) return decodeFound(buffer, at, length);
      if (type === NLMSG_ERROR) return decodeRefusal(buffer, at, length);
      if (type === NLMSG_OVERRUN) throw new NetlinkError('the kernel lost the answer to a look-up', 'NLMSG_OVERRUN');
    }
    at += (length + 3) & ~3;
  }
  return undefined;
}

function decodeRefusal(buffer: NetlinkBuffer, at: number, length: number): typeof NO_SOCKET {
  const status = statusOf(buffer, at, length);
  if (status === ENOENT || status === ESTALE) return NO_SOCKET;
  throw new NetlinkError('the kernel refused to look up a socket', errnoName(status));
}

function decodeFound(buffer: NetlinkBuffer, at: number, length: number): FoundSocket {
  if (length < MESSAGE.attributes) throw new NetlinkError(`inet_diag message of ${length} bytes`, 'EBADMSG');
  const { bytes, words } = buffer;
  const cookie = (at + MESSAGE_COOKIE) >> 2;
  return {
    state: toState(bytes[at + MESSAGE.state]!),
    inode: words[(at + MESSAGE.inode) >> 2]!,
    cookie: BigInt.asUintN(32, BigInt(words[cookie]!)) | (BigInt.asUintN(32, BigInt(words[cookie + 1]!)) << 32n),
    tcpOptions: decodeTcpOptions(buffer, at, length),
  };
}

function decodeTcpOptions({ bytes, halves }: NetlinkBuffer, start: number, length: number): number | undefined {
  const end = start + length;
  for (let at = start + MESSAGE.attributes; at + 4 <= end; ) {
    const size = halves[at >> 1]!;
    if (size < 4 || size > end - at)
      throw new NetlinkError(`inet_diag attribute of ${size} bytes in ${end - at}`, 'EBADMSG');
    if (halves[(at + 2) >> 1] === INET_DIAG_INFO && size > 4 + TCP_INFO_OPTIONS)
      return bytes[at + 4 + TCP_INFO_OPTIONS]!;
    at += (size + 3) & ~3;
  }
  return undefined;
}
