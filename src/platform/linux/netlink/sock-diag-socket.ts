import { type Libc, SystemCallError } from '../libc/libc.ts';
import { type NetlinkBuffer, NetlinkError } from './netlink.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
/** With this flag recv() returns the datagram's real length even if the buffer was too small for it. */
const MSG_TRUNC = 0x20;
/** The kernel answers from memory: if it is silent this long, it will never answer. */
const RECEIVE_TIMEOUT_SECONDS = 2;
/** Consecutive signals that one recv() tolerates: a sandbox that returns EINTR for ever must not hold the thread. */
const MAX_INTERRUPTIONS = 20;

/** A netlink socket for requests about sockets, with a time-out. The caller closes it. */
export function openSockDiag(libc: Libc): number {
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

export function sendRequest(libc: Libc, fd: number, request: Uint8Array): void {
  if (libc.send(fd, request, request.length, 0) < 0) throw new SystemCallError('send(NETLINK_SOCK_DIAG)', libc.errno());
}

/** Waits for one datagram. Returns its length, which never exceeds the buffer's. */
export function receiveDatagram(libc: Libc, fd: number, { bytes }: NetlinkBuffer): number {
  for (let interruptions = 1; ; interruptions++) {
    const length = libc.recv(fd, bytes, bytes.length, MSG_TRUNC);
    if (length > bytes.length) throw new NetlinkError(`netlink datagram of ${length} bytes`, 'EMSGSIZE');
    if (length > 0) return length;
    if (length === 0) throw new NetlinkError('netlink socket closed by the kernel', 'EPIPE');
    const error = new SystemCallError('recv(NETLINK_SOCK_DIAG)', libc.errno());
    if (error.code !== 'EINTR' || interruptions === MAX_INTERRUPTIONS) throw error;
  }
}
