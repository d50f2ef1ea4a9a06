import { TcpState } from '../../../model/tcp-state.ts';
import { AF_INET, INET_DIAG_INFO, INET_DIAG_SKMEMINFO, TCPDIAG_GETSOCK } from './inet-diag-layout.ts';
import { allocateNetlinkBuffer, encodeDumpHeader } from './netlink.ts';

// Layouts: include/uapi/linux/inet_diag.h. Offsets count from the start of the netlink message.
/** struct inet_diag_req behind the header: family u8 @16, extensions u8 @19, id 48 bytes @20, states u32 @68, dbs u32 @72. */
const REQUEST = { length: 76, family: 16, extensions: 19, states: 68 } as const;

/** struct rtattr: length u16, type u16. */
const ATTRIBUTE_HEADER = 4;

const STATE_BITS_1_TO_11 = 0xffe;
const TCPF_BOUND_INACTIVE = 1 << 13;

/** What to request from the kernel. */
export interface DumpQuery {
  /** Bit n = state n. */
  readonly states: number;
  /** Bit n − 1 = attribute n. */
  readonly extensions: number;
  /** A program that selects the sockets to send (struct inet_diag_bc_op); all if absent. */
  readonly filter?: readonly number[];
}

/** Every socket; kernels before 6.8 ignore the bit for bound-but-idle ones. */
export const ALL_SOCKETS: DumpQuery = { states: STATE_BITS_1_TO_11 | TCPF_BOUND_INACTIVE, extensions: 0 };

/** Bound-but-idle sockets only. */
export const BOUND_SOCKETS: DumpQuery = { states: TCPF_BOUND_INACTIVE, extensions: 0 };

/**
 * CLOSE_WAIT sockets with their tcp_info, which says how long ago the last ACK came, and the listeners to which the
 * never accepted ones belong.
 */
export const CLOSE_WAIT_AGES: DumpQuery = {
  states: (1 << TcpState.closeWait) | (1 << TcpState.listen),
  extensions: 1 << (INET_DIAG_INFO - 1),
};

const INET_DIAG_REQ_BYTECODE = 1;
const INET_DIAG_BC_JMP = 1;
const INET_DIAG_BC_AUTO = 6;

/**
 * Connections from a port that the program chose by bind(). struct inet_diag_bc_op: code u8, yes u8, no u16; `yes` and
 * `no` are how many bytes to advance. A socket is sent if it reaches exactly the end of the program. AUTO sends the
 * others to a jump beyond it.
 */
export const CHOSEN_PORTS: DumpQuery = {
  states: STATE_BITS_1_TO_11 & ~((1 << TcpState.listen) | (1 << TcpState.timeWait) | (1 << TcpState.synRecv)),
  extensions: 0,
  filter: [INET_DIAG_BC_AUTO, 4, 8, 0, INET_DIAG_BC_JMP, 4, 8, 0],
};

/** LISTEN sockets: the cheapest dump, to check whether the kernel answers. */
export const LISTENERS: DumpQuery = { states: 1 << TcpState.listen, extensions: 0 };

/** LISTEN sockets, each with the number of connections it dropped (`sk_drops`). */
export const LISTENER_DROPS: DumpQuery = {
  states: 1 << TcpState.listen,
  extensions: 1 << (INET_DIAG_SKMEMINFO - 1),
};

/** The request for one dump of both families in one walk of the kernel's tables. */
export function encodeDumpRequest(query: DumpQuery, sequence: number): Uint8Array {
  const { filter = [] } = query;
  const attribute = filter.length === 0 ? 0 : ATTRIBUTE_HEADER + filter.length;
  const request = allocateNetlinkBuffer(REQUEST.length + attribute);
  encodeDumpHeader(request, REQUEST.length + attribute, TCPDIAG_GETSOCK, sequence);
  request.bytes[REQUEST.family] = AF_INET;
  request.bytes[REQUEST.extensions] = query.extensions;
  request.words[REQUEST.states >> 2] = query.states;
  if (attribute > 0) {
    request.halves.set([attribute, INET_DIAG_REQ_BYTECODE], REQUEST.length >> 1);
    request.bytes.set(filter, REQUEST.length + ATTRIBUTE_HEADER);
  }
  return request.bytes;
}
