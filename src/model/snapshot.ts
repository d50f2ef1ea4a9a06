import type { CollectorName } from './collectors.ts';
import type { ConnectionEventCounts } from './connection-events.ts';
import type { EphemeralRules } from './ephemeral-rules.ts';
import type { ConfigInUse } from './file-config.ts';
import type { NetnsCounts } from './netns.ts';
import type { TcpSettings } from './settings.ts';
import type { SocketCounts } from './socket-counts.ts';
import type { TcpCounters } from './tcp-counters.ts';

/**
 * What one scrape collected. An absent part is unknown: its series vanish from the page. Plain data that survives a
 * structured clone, because it crosses from the collector thread to the main thread.
 */
export interface Snapshot extends Facts {
  readonly sockets?: SocketCounts;
  readonly outcomes: readonly CollectorOutcome[];
}

/** The parts that need no socket table. A platform's fact collectors return one or more of them. */
export interface Facts {
  readonly ephemeral?: EphemeralRules;
  readonly counters?: TcpCounters;
  readonly memory?: TcpMemory;
  readonly conntrack?: Conntrack;
  readonly settings?: TcpSettings;
  readonly namespace?: Namespaces;
  /** The network namespaces beside the exporter's own. */
  readonly netns?: NetnsCounts;
  /** Of the configuration file, where there is one. */
  readonly config?: ConfigFacts;
  /** Who opened and closed connections since the exporter attached its programs. */
  readonly connectionEvents?: ConnectionEventCounts;
  /** Times that a source of sockets was switched off since start, by reason. */
  readonly sourceRejections?: Readonly<Record<string, number>>;
  /** Events of the System log since the exporter started, by event id (Windows). */
  readonly portExhaustionEvents?: Readonly<Record<number, number>>;
}

/** `isCurrent`: what the file says now is in use; else it is broken, and what it said before is. */
export type ConfigFacts = Pick<ConfigInUse, 'isCurrent' | 'thresholds'>;

/** Whether the exporter sees the host or a container (Linux). Absent if it cannot tell. */
export interface Namespaces {
  /** Whether its network namespace, whose sockets it reads, is the host's. */
  readonly isHostNetwork?: boolean;
  /** Whether the processes it sees are those of the host. */
  readonly isHostPid?: boolean;
}

/** Orphans and memory of all TCP sockets (Linux: /proc/net/sockstat and /proc/sys/net/ipv4). */
export interface TcpMemory {
  readonly orphans?: number;
  readonly orphanLimit?: number;
  readonly bytes?: number;
  readonly limitBytes?: number;
  /** All sockets, including those in no table: closed, or never bound. */
  readonly allocated?: number;
}

/** The connection tracking table: its entries, and what it refused since it was loaded. */
export interface Conntrack {
  readonly entries: number;
  readonly limit: number;
  /** Connections that could not be entered, mostly because source NAT has no port left towards their destination. */
  readonly insertFailed?: number;
  /** Packets dropped because their connection could not be tracked, including those of `insertFailed`. */
  readonly drops?: number;
  /** Connections evicted to make room for new ones. */
  readonly earlyDrops?: number;
}

/** How one collector did. */
export interface CollectorOutcome {
  readonly collector: CollectorName;
  readonly success: boolean;
  readonly seconds: number;
  /** The source it read, if it has a choice. */
  readonly source?: string;
  /** Why it is not the source used at first. */
  readonly sourceReason?: string;
  /** Why it failed, with all causes. */
  readonly error?: string;
  /** Whether it failed because the scrape ran out of time. */
  readonly isLate?: boolean;
}
