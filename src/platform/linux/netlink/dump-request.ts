import { TcpState } from '../../../model/tcp-state.ts';
import { AF_INET, INET_DIAG_INFO, TCPDIAG_GETSOCK } from './inet-diag.ts';
import { allocateNetlinkBuffer, encodeDumpHeader } from './netlink.ts';

// Layouts: include/uapi/linux/inet_diag.h. Offsets count from the start of the netlink message.
/** struct inet_diag_req behind the header: family u8 @16, extensions u8 @19, id 48 bytes @20, states u32 @68, dbs u32 @72. */
const REQUEST = { length: 76, family: 16, extensions: 19, states: 68 } as const;

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
