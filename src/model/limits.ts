import type { FilterRules } from './file-config.ts';

/** The series budget, and how breakdowns group: what the operator may choose about them. */
export interface TallyLimits {
  /** Series of `tcpstate_connections`. */
  readonly connections: number;
  readonly localPorts: number;
  readonly remoteIps: number;
  readonly processes: number;
  readonly units: number;
  /** Destinations, and processes in `tcpstate_process_ephemeral_ports`. */
  readonly destinations: number;
  readonly listeners: number;
  /** Network namespaces beside the exporter's own; each has about a dozen series. */
  readonly netns: number;
  /** Destinations, local ports and processes in the counters of connection events. */
  readonly connectionEvents: number;
  /** Length of the prefix that peers are counted by: 32 and 128 keep the whole address. */
  readonly remotePrefixV4: number;
  readonly remotePrefixV6: number;
  /** Age at which a CLOSE_WAIT socket counts as stuck. */
  readonly closeWaitStuckAfterMs: number;
  /** Counts only what a verdict is made of: no breakdown by port, IP and unit alone. */
  readonly isForVerdict?: boolean;
  /** By flags, beside those of a configuration file. */
  readonly filters?: FilterRules;
}

export const DEFAULT_LIMITS: TallyLimits = {
  connections: 200,
  localPorts: 100,
  remoteIps: 100,
  processes: 100,
  units: 100,
  destinations: 20,
  listeners: 100,
  netns: 128,
  connectionEvents: 50,
  remotePrefixV4: 32,
  remotePrefixV6: 128,
  closeWaitStuckAfterMs: 60_000,
};
