/**
 * What the tallies counted; absent = not requested, or unknown. Every number is a number of sockets unless its name
 * says otherwise; `state` is a number of `TcpState`. Labels are final text: `other` is the sum of what the series
 * budget left out, `filtered` of what filters did.
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
  readonly listenerDrops?: Breakdown<ListenerDropsCell>;
  readonly ephemeral?: EphemeralUse;
  readonly closeWait?: CloseWaitAges;
  readonly processFds?: Breakdown<ProcessFds>;
}

/** Index = state number; length STATE_SLOTS. undefined = the source does not show sockets of that state. */
export type StateCounts = readonly (number | undefined)[];

/** The groups that keep their series, largest first, and how many more were aggregated in `other` or left out. */
export interface Breakdown<Cell> {
  readonly cells: readonly Cell[];
  readonly folded: number;
  /** Sockets that filters keep off the page; absent unless they are to have no cell. */
  readonly dropped?: readonly { readonly state: number; readonly sockets: number }[];
}

export type Direction = 'inbound' | 'outbound';

export interface ConnectionCell {
  readonly state: number;
  readonly direction: Direction;
  readonly localPort: string;
  readonly remoteIp: string;
  readonly remotePort: string;
  /** Absent if nothing names peers; `''` for one that has no name. */
  readonly remoteName?: string;
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

export type ReasonLabel = 'kernel' | 'unaccepted' | 'permission' | 'unresolved' | 'pid_namespace';

export interface UnattributedCell {
  readonly state: number;
  readonly reason: ReasonLabel;
  readonly sockets: number;
}

/** The accept queue of a listener. If several share address, port and process (SO_REUSEPORT): of the fullest. */
export interface ListenerCell {
  readonly localIp: string;
  readonly localPort: number;
  readonly process: string;
  readonly queueLength: number;
  readonly queueLimit: number | undefined;
}

/**
 * Connections that the listeners of one address, port and process have dropped; never falls while one of them exists.
 */
export interface ListenerDropsCell {
  readonly localIp: string;
  readonly localPort: number;
  readonly process: string;
  readonly drops: number;
}

export type FamilyLabel = 'ipv4' | 'ipv6';

export interface EphemeralUse {
  readonly families: readonly EphemeralFamilyUse[];
  readonly destinations: Breakdown<DestinationCell>;
  readonly processes?: Breakdown<ProcessPorts>;
  /** Listening sockets inside the range, and the sockets on the ports of the range that have been held longest. */
  readonly listeners: readonly PortHolder[];
  readonly holders: readonly PortHolder[];
  /** Ranges of ports that programs set for sockets of theirs, the fullest first; absent where there are none or nobody tells. */
  readonly socketRanges?: readonly SocketRangeUse[];
}

/** How a connect() of a socket with a range of its own finds it. */
export interface SocketRangeUse {
  readonly family: FamilyLabel;
  readonly first: number;
  readonly last: number;
  readonly ports: number;
  /** A ratio 0–1. */
  readonly utilization: number;
}

export interface PortHolder {
  readonly localPort: string;
  readonly process: string;
  readonly sockets: number;
}

/** Numbers of distinct ports, except `utilization`, a ratio 0–1. */
export interface EphemeralFamilyUse {
  readonly family: FamilyLabel;
  readonly first: number;
  readonly last: number;
  readonly ports: number;
  readonly used: number;
  readonly blocked: number;
  /** Of the blocked ones, those of listeners and of connections that they accepted; the others are bound sockets'. */
  readonly listening: number;
  /**
   * Ports that programs took by bind() before connect(), which blocks them for every destination: `bound` if the kernel says which,
   * `boundEstimate` if not. Both are absent if a port serves one connection only.
   */
  readonly bound?: number | undefined;
  readonly boundEstimate?: number | undefined;
  /** Absent if the range has no port. */
  readonly utilization: number | undefined;
}

/** Local ports that outbound sockets use towards one destination from one local address. */
export interface DestinationCell {
  readonly family: FamilyLabel;
  readonly localIp: string;
  readonly remoteIp: string;
  readonly remotePort: number;
  /** Absent if nothing names peers; `''` for one that has no name. */
  readonly remoteName?: string;
  readonly portsUsed: number;
  readonly portsTimeWait: number;
  /** Of the ports used: not in the ephemeral range, chosen by the program. */
  readonly portsOutside: number;
  /** Of the ports in TIME_WAIT: connect() may take them over. */
  readonly portsReusable: number;
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

/**
 * Of the process nearest to its limit, among those with one name. `closedSockets`: descriptors of TCP sockets that no
 * table lists.
 */
export interface ProcessFds {
  readonly process: string;
  readonly open: number;
  /** Absent if there is no limit (Windows, or an unlimited process). */
  readonly limit: number | undefined;
  /** Absent if unknown, or not counted because the process has fewer than half of its descriptors open. */
  readonly closedSockets?: number;
}
