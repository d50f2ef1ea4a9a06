/**
 * TCP states with Linux's numbers (include/net/tcp_states.h), and their label values on the page. `bound`
 * (TCP_BOUND_INACTIVE) is a socket that holds a port but neither listens nor is connected. `unknown` collects every
 * number that this list does not name, so that no socket is missing from the sums.
 */
export const TcpState = {
  unknown: 0,
  established: 1,
  synSent: 2,
  synRecv: 3,
  finWait1: 4,
  finWait2: 5,
  timeWait: 6,
  close: 7,
  closeWait: 8,
  lastAck: 9,
  listen: 10,
  closing: 11,
  bound: 13,
} as const;

export type TcpState = (typeof TcpState)[keyof typeof TcpState];

/** One more than the highest state number: the length of an array indexed by state. */
export const STATE_SLOTS = 14;

const LABELS: readonly (string | undefined)[] = [
  'unknown',
  'established',
  'syn_sent',
  'syn_recv',
  'fin_wait1',
  'fin_wait2',
  'time_wait',
  'close',
  'close_wait',
  'last_ack',
  'listen',
  'closing',
  undefined,
  'bound',
];

/** The states every page shows, zero included, in the order of their numbers. */
export const KNOWN_STATES: readonly TcpState[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13];

/** The value of the `state` label; `unknown` for a number outside the list. */
export function stateLabel(state: number): string {
  return LABELS[state] ?? 'unknown';
}

/** A state number as the kernel wrote it → one of `TcpState`. 12 (TCP_NEW_SYN_RECV) is a request socket: SYN_RECV. */
export function normalizeState(kernelState: number): TcpState {
  if (kernelState === 12) return TcpState.synRecv;
  return LABELS[kernelState] === undefined ? TcpState.unknown : (kernelState as TcpState);
}
