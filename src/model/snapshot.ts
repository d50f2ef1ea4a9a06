import type { CollectorName } from './collectors.ts';
import type { EphemeralRules } from './ephemeral-rules.ts';
import type { TcpSettings } from './settings.ts';
import type { SocketCounts } from './socket-counts.ts';
import type { TcpCounters } from './tcp-counters.ts';

/**
 * What one scrape gathered. A part that is absent is unknown: its series vanish from the page. Plain data that
 * survives a structured clone, because it crosses from the collector thread to the main thread.
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
  readonly namespace?: { readonly isHost: boolean };
  /** Events of the System log since the exporter started, by event id (Windows). */
  readonly portExhaustionEvents?: Readonly<Record<number, number>>;
}

/** Orphans and memory of all TCP sockets (Linux: /proc/net/sockstat and /proc/sys/net/ipv4). */
export interface TcpMemory {
  readonly orphans?: number;
  readonly orphanLimit?: number;
  readonly bytes?: number;
  readonly limitBytes?: number;
}

/** Fill of the connection tracking table. */
export interface Conntrack {
  readonly entries: number;
  readonly limit: number;
}

/** How one collector fared. */
export interface CollectorOutcome {
  readonly collector: CollectorName;
  readonly success: boolean;
  readonly seconds: number;
  /** Which source it read, where it has a choice. */
  readonly source?: string;
  /** Why it failed, with the causes behind it. */
  readonly error?: string;
}
