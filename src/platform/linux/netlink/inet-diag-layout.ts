import { normalizeState, TcpState } from '../../../model/tcp-state.ts';

// Layouts: include/uapi/linux/inet_diag.h. Offsets count from the start of the netlink message.
export const TCPDIAG_GETSOCK = 18;
export const SOCK_DIAG_BY_FAMILY = 20;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** struct inet_diag_msg behind the header. */
export const MESSAGE = {
  family: 16,
  state: 17,
  timer: 18,
  /** Both ports, 16 bits each, in network order. */
  ports: 20,
  localAddress: 24,
  remoteAddress: 40,
  /**
   * Index of the interface that the socket is bound to (SO_BINDTODEVICE, VRF, a link-local address), in the machine's
   * byte order.
   */
  interface: 56,
  cookie: 60,
  expires: 68,
  receiveQueue: 72,
  sendQueue: 76,
  inode: 84,
  /** First attribute; struct rtattr: length u16, type u16, then the payload, all aligned to 4. */
  attributes: 88,
} as const;

export const INET_DIAG_INFO = 2;
export const INET_DIAG_SKMEMINFO = 7;
export const INET_DIAG_SKV6ONLY = 11;
export const INET_DIAG_CGROUP_ID = 21;

/** Bound-but-idle sockets arrive as CLOSE; no other socket of that state is in the tables the kernel walks. */
export function toState(kernelState: number): TcpState {
  return kernelState === TcpState.close ? TcpState.bound : normalizeState(kernelState);
}

/**
 * Two big-endian ports → two numbers, the local one in the low half, on the little-endian machines that koffi and Node
 * support.
 */
export function swapBytes(ports: number): number {
  return ((ports & 0x00ff00ff) << 8) | ((ports >>> 8) & 0x00ff00ff);
}
