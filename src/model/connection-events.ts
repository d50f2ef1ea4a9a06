import type { ScopedWords } from './ip-address.ts';

/** Why a connect() failed. */
export const FAILURE_REASONS = [
  'no_port',
  'port_in_use',
  'refused',
  'timed_out',
  'unreachable',
  'abandoned',
  'other',
] as const;
/** How a connection ended, as this side saw it. Active: it closed first, and leaves TIME_WAIT. */
export const ENDINGS = ['active', 'passive', 'aborted', 'reset', 'timed_out'] as const;
/** Upper bounds in seconds of all but the last class of lifetimes. */
export const LIFETIME_BOUNDS = [0.1, 1, 10, 60] as const;

/**
 * Where each number stands among the counts of a flow: connections opened (outbound: connect() calls that began one; inbound: accepted),
 * failures, endings, lifetimes by class, and the milliseconds of all lifetimes. Lifetimes are those of outbound connections.
 */
export const EventCount = { opened: 0, failed: 1, closed: 8, lifetimes: 13, lifetimeMs: 18 } as const;
export const EVENT_COUNTS = 19;

/** Numbers by `EventCount`. Shape: EVENT_COUNTS. */
export type EventCounts = Float64Array;

/** Which of these numbers grew, and by how much: places, in ascending order, and numbers in turn. Most flows have few. */
export type EventGrowth = readonly number[];

/** Connections of one process to one destination, of any network namespace. */
export interface OutboundCell {
  readonly process: string;
  readonly unit: string;
  readonly remoteIp: string;
  readonly remotePort: string;
  /** Absent if nothing names peers; `''` for one that has no name. */
  readonly remoteName?: string;
  readonly counts: EventCounts;
}

/** Connections that peers opened to one port. */
export interface InboundCell {
  readonly process: string;
  readonly unit: string;
  readonly localPort: string;
  readonly counts: EventCounts;
}

/** Outbound connections of one process. */
export interface LifetimeCell {
  readonly process: string;
  readonly counts: EventCounts;
}

/** What full tables in the kernel could not hold. */
export interface LostEvents {
  /** Events of processes that have no name: they count in `other`. */
  readonly owners: number;
  /** Events whose destination or port is not known: they count in `other` of it. */
  readonly flows: number;
  /** Connections forgotten before they had ended: their sockets may have no owner. */
  readonly connections: number;
}

/** Numbers count up since the exporter attached the programs. NaN = the number is not on the page (yet). */
export interface ConnectionEventCounts {
  readonly outbound: readonly OutboundCell[];
  readonly inbound: readonly InboundCell[];
  readonly lifetimes: readonly LifetimeCell[];
  /** Groups beyond the limit in this scrape. */
  readonly folded: { readonly outbound: number; readonly inbound: number; readonly lifetimes: number };
  readonly lost: LostEvents;
}

/** Who opened or closed a connection: a process by its name, where that may be told, and cgroup; nobody known; or one that found no place. */
export type EventOwner = { readonly name: string | undefined; readonly cgroup: bigint } | 'unknown' | 'other';

/** What one flow counted since the last read. */
export interface EventFlow {
  readonly owner: EventOwner;
  readonly isOutbound: boolean;
  /** Destination, with the interface of a link-local one; undefined where the table of flows was full. */
  readonly remote: { readonly words: ScopedWords; readonly port: number } | undefined;
  /** Of an inbound flow: its local port, undefined where the table was full. */
  readonly localPort: number | undefined;
  /** Whether an inbound flow, or one to a link-local destination, is in the exporter's own namespace; false of others. */
  readonly isOwn: boolean;
  readonly grown: EventGrowth;
}

/** Calls `each` with every flow that has counted anything; then tells what was lost since the programs are attached. */
export type ReadEvents = (each: (flow: EventFlow) => void) => LostEvents;
