import type { NetnsSockets } from './netns-sockets.ts';

/** Which network namespace a row is about: the labels of its series. Texts are final, and empty where there is nothing to say. */
export interface NetnsIdentity {
  /** Never empty, and unique on the host at any time. */
  readonly netns: string;
  /** Of its pod in Kubernetes. */
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  /** The only container in it; empty if it has several. */
  readonly container: string;
  readonly containerId: string;
  /** The number in `net:[…]`, by which rows of the kernel's tables name it; undefined if this process may not read it. */
  readonly inum: number | undefined;
}

/** What a cgroup stands for: either of both is empty. */
export interface CgroupPlace {
  /** The kubelet's name of the container, else its id in short form. */
  readonly container: string;
  readonly unit: string;
}

/** What /proc/PID/net says of one network namespace. A counter that its kernel lacks is absent. */
export interface NetnsNumbers {
  /** Sockets in any state but TIME_WAIT, SYN_RECV and bound (sockstat and sockstat6, inuse). */
  readonly inUse: number;
  /** TIME_WAIT, and orphaned FIN_WAIT2, which the kernel keeps like TIME_WAIT (sockstat, tw). */
  readonly timeWait: number;
  /** Established or CLOSE_WAIT (snmp, CurrEstab). */
  readonly currEstab?: number;
  readonly activeOpens?: number;
  readonly passiveOpens?: number;
  readonly attemptFails?: number;
  readonly estabResets?: number;
  readonly outSegments?: number;
  readonly retransmittedSegments?: number;
  readonly listenOverflows?: number;
  readonly listenDrops?: number;
  readonly timeWaitOverflows?: number;
}

/** The numbers that are counted since the namespace began. */
export const NETNS_COUNTERS = [
  'activeOpens',
  'passiveOpens',
  'attemptFails',
  'estabResets',
  'outSegments',
  'retransmittedSegments',
  'listenOverflows',
  'listenDrops',
  'timeWaitOverflows',
] as const satisfies readonly (keyof NetnsNumbers)[];

/** The numbers that are as they are now. */
export const NETNS_GAUGES = ['inUse', 'timeWait', 'currEstab'] as const satisfies readonly (keyof NetnsNumbers)[];

export interface NetnsReading extends NetnsIdentity {
  /** Tells namespaces apart for as long as they exist; a later one may get it again. */
  readonly key: number;
  readonly numbers: NetnsNumbers;
}

/** The other network namespaces of the host, as one scrape found them. */
export interface NetnsReadings {
  readonly read: readonly NetnsReading[];
  /** Namespaces whose files could not be read, or not in time. */
  readonly failed: number;
  /** Those that only have a name in /run/netns, or sockets, and no process whose files could be read. */
  readonly withoutProcess: readonly NetnsIdentity[];
}

export interface NetnsCell extends NetnsIdentity {
  readonly numbers: NetnsNumbers;
}

/** The largest namespaces, and the sum of the others. */
export interface NetnsCounts {
  readonly cells: readonly NetnsCell[];
  /** `netns` is `other`. Absent as long as every namespace has had a cell of its own. */
  readonly other?: NetnsCell;
  readonly folded: number;
  readonly failed: number;
  readonly withoutProcess: readonly NetnsIdentity[];
  /** How many those are, also beyond the limit. */
  readonly withoutProcessCount: number;
  /** Absent if the source of sockets tells of the exporter's own namespace only. */
  readonly sockets?: NetnsSockets;
}
