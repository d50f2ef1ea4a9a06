/**
 * What the tallies counted; absent = nobody asked for it, or it cannot be known. Every number is a number of sockets
 * unless its name says otherwise; `state` is a number of `TcpState`. Labels are final text: `other` is the sum of what
 * the series budget left out.
 */
export interface SocketCounts {
  readonly states?: { readonly ipv4: StateCounts; readonly ipv6: StateCounts };
  readonly connections?: Breakdown<ConnectionCell>;
  readonly localPorts?: Breakdown<LocalPortCell>;
  readonly remoteIps?: Breakdown<RemoteIpCell>;
  readonly processes?: Breakdown<ProcessCell>;
  readonly unattributed?: readonly UnattributedCell[];
  readonly units?: Breakdown<UnitCell>;
  readonly listeners?: Breakdown<ListenerCell>;
  readonly ephemeral?: EphemeralUse;
  readonly closeWait?: CloseWaitAges;
  readonly processFds?: Breakdown<ProcessFds>;
}

/** Index = state number; length STATE_SLOTS. undefined = the source does not show sockets of that state. */
export type StateCounts = readonly (number | undefined)[];

/** The kept cells, largest first, and how many distinct cells were folded into `other` or left out. */
export interface Breakdown<Cell> {
  readonly cells: readonly Cell[];
  readonly folded: number;
}

export type Direction = 'inbound' | 'outbound';

export interface ConnectionCell {
  readonly state: number;
  readonly direction: Direction;
  readonly localPort: string;
  readonly remoteIp: string;
  readonly remotePort: string;
  readonly process: string;
  readonly sockets: number;
}

export interface LocalPortCell {
  readonly state: number;
  readonly localPort: string;
  readonly sockets: number;
}

export interface RemoteIpCell {
  readonly state: number;
  readonly remoteIp: string;
  readonly sockets: number;
}

export interface ProcessCell {
  readonly state: number;
  readonly process: string;
  readonly sockets: number;
}

export interface UnitCell {
  readonly state: number;
  readonly unit: string;
  readonly sockets: number;
}

export type ReasonLabel = 'kernel' | 'unaccepted' | 'permission' | 'unresolved';

export interface UnattributedCell {
  readonly state: number;
  readonly reason: ReasonLabel;
  readonly sockets: number;
}

/** The accept queue of a listener; of the fullest where several share address, port and process (SO_REUSEPORT). */
export interface ListenerCell {
  readonly localIp: string;
  readonly localPort: number;
  readonly process: string;
  readonly queueLength: number;
  readonly queueLimit: number | undefined;
}

export type FamilyLabel = 'ipv4' | 'ipv6';

export interface EphemeralUse {
  readonly families: readonly EphemeralFamilyUse[];
  readonly destinations: Breakdown<DestinationCell>;
  readonly processes?: Breakdown<ProcessPorts>;
}

/** All four are numbers of distinct ports, but `utilization`, a ratio 0–1. */
export interface EphemeralFamilyUse {
  readonly family: FamilyLabel;
  readonly first: number;
  readonly last: number;
  readonly ports: number;
  readonly used: number;
  readonly blocked: number;
  /** Absent when the range holds no port. */
  readonly utilization: number | undefined;
}

/** Ports used towards one destination from one local address. */
export interface DestinationCell {
  readonly family: FamilyLabel;
  readonly localIp: string;
  readonly remoteIp: string;
  readonly remotePort: number;
  readonly portsUsed: number;
  readonly portsTimeWait: number;
}

export interface ProcessPorts {
  readonly process: string;
  readonly ports: number;
}

export interface CloseWaitAges {
  readonly oldest: readonly { readonly process: string; readonly seconds: number }[];
  readonly stuck: readonly {
    readonly process: string;
    readonly reason: 'unclosed' | 'unaccepted';
    readonly sockets: number;
  }[];
  readonly folded: number;
}

/** Of the process nearest to its limit among those of one name. */
export interface ProcessFds {
  readonly process: string;
  readonly open: number;
  /** Absent where there is no limit (Windows, or an unlimited process). */
  readonly limit: number | undefined;
}
