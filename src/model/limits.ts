/** The series budget and the groupings of the breakdowns: what an operator may choose about them. */
export interface TallyLimits {
  /** Cells of `tcpstate_connections`. */
  readonly connections: number;
  readonly localPorts: number;
  readonly remoteIps: number;
  readonly processes: number;
  readonly units: number;
  /** Destinations, and processes in `tcpstate_process_ephemeral_ports`. */
  readonly destinations: number;
  readonly listeners: number;
  /** Bits of a peer's address that are kept: 32 / 128 keep all. */
  readonly remotePrefixV4: number;
  readonly remotePrefixV6: number;
  /** Age from which a CLOSE_WAIT socket counts as stuck. */
  readonly closeWaitStuckAfterMs: number;
}

export const DEFAULT_LIMITS: TallyLimits = {
  connections: 200,
  localPorts: 100,
  remoteIps: 100,
  processes: 100,
  units: 100,
  destinations: 20,
  listeners: 100,
  remotePrefixV4: 32,
  remotePrefixV6: 128,
  closeWaitStuckAfterMs: 60_000,
};
