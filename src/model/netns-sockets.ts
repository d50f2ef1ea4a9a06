import type { NetnsIdentity } from './netns.ts';
import type { Breakdown, ConnectionCell, DestinationCell, ListenerCell, StateCounts } from './socket-counts.ts';

/** Whose a series is; `netns` is `other` for the sum of those beyond the limit. */
export type NetnsLabels = Pick<NetnsIdentity, 'netns' | 'namespace' | 'pod'>;

/** What the kernel's own tables say of the sockets of the other network namespaces. */
export interface NetnsSockets {
  readonly cells: readonly NetnsSocketsCell[];
  /** Numbers by namespace and state that are in `other` although their namespace has a cell. */
  readonly foldedStates: number;
  /** Of all of them together. */
  readonly connections: Breakdown<NetnsLabels & Omit<ConnectionCell, 'process'>>;
  readonly destinations: Breakdown<NetnsLabels & DestinationCell>;
  readonly listeners: Breakdown<NetnsLabels & Omit<ListenerCell, 'process'>>;
}

/** One network namespace, or the sum of the smallest, which has states and stuck sockets only. */
export interface NetnsSocketsCell extends NetnsLabels {
  /** A state without a socket since the exporter started is undefined. */
  readonly states: StateCounts;
  readonly ephemeral?: NetnsEphemeralUse;
  /** The fullest accept queue; absent without a listener. */
  readonly fullestQueue?: Omit<ListenerCell, 'process' | 'localIp'>;
  /** Absent if there was no CLOSE_WAIT socket since the exporter started. */
  readonly closeWait?: NetnsCloseWait;
}

export interface NetnsCloseWait {
  /** Absent in a sum. */
  readonly oldestSeconds?: number;
  readonly unclosed: number;
  readonly unaccepted: number;
}

/** Numbers of ports of the range, and how connect() finds it: ratios 0–1, IPv6 only where it is used. */
export interface NetnsEphemeralUse {
  readonly ports: number;
  /** With a socket, of either family. */
  readonly used: number;
  readonly ipv4: number;
  readonly ipv6?: number;
}
