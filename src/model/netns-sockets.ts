import type { NetnsIdentity } from './netns.ts';
import type {
  Breakdown,
  ConnectionCell,
  DestinationCell,
  ListenerCell,
  SocketRangeUse,
  StateCounts,
} from './socket-counts.ts';

/** Whose a series is; `netns` is `other` for the sum of those beyond the limit. */
export type NetnsLabels = Pick<NetnsIdentity, 'netns' | 'namespace' | 'pod'>;

/** Who has sockets in a network namespace. Texts are final. */
export interface NetnsOwner extends NetnsLabels {
  /** Empty if it is in none, or several share what the series is about. */
  readonly container: string;
  /** Of what is in no container. */
  readonly unit: string;
  /** `unknown` if nobody can tell; empty if several share what the series is about. */
  readonly process: string;
}

/** What the kernel's own tables say of the sockets of the other network namespaces. */
export interface NetnsSockets {
  readonly cells: readonly NetnsSocketsCell[];
  /** Numbers by namespace and state that are in `other` although their namespace has a cell. */
  readonly foldedStates: number;
  /** Of all of them together. */
  readonly connections: Breakdown<NetnsOwner & ConnectionCell>;
  readonly destinations: Breakdown<NetnsOwner & DestinationCell>;
  readonly listeners: Breakdown<NetnsOwner & ListenerCell>;
  /** Of the processes with CLOSE_WAIT sockets, the sum of the rest in `other`. */
  readonly closeWait: Breakdown<NetnsCloseWait>;
  /** Ranges of ports that programs set for sockets of theirs. */
  readonly socketRanges: Breakdown<NetnsLabels & SocketRangeUse>;
}

/** One network namespace, or the sum of the smallest, which has states only. */
export interface NetnsSocketsCell extends NetnsLabels {
  /** A state without a socket since the exporter started is undefined. */
  readonly states: StateCounts;
  readonly ephemeral?: NetnsEphemeralUse;
  /** The fullest accept queue; absent without a listener. */
  readonly fullestQueue?: NetnsQueue;
}

export type NetnsQueue = Omit<ListenerCell, 'localIp'> & Pick<NetnsOwner, 'container' | 'unit'>;

export interface NetnsCloseWait extends NetnsOwner {
  readonly oldestSeconds: number;
  /** Those that have waited for too long. */
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
