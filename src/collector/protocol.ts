import type { CollectorName, PlatformName } from '../model/collectors.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { CollectorOutcome, Facts } from '../model/snapshot.ts';
import type { SocketCounts } from '../model/socket-counts.ts';
import type { Notice } from '../platform/platform.ts';

/** What the collector thread is started with. Everything here survives a structured clone. */
export interface CollectorOptions {
  readonly platform: PlatformName;
  /** Collectors that are on. */
  readonly collectors: readonly CollectorName[];
  readonly limits: TallyLimits;
  readonly procfs: string;
  readonly sysfs: string;
  readonly ownersBudgetMs: number;
}

/** The options, and what one thread alone is given. */
export interface ThreadData extends CollectorOptions {
  /** Shared: descriptors that the thread has open; see `PlatformOptions.handles`. */
  readonly handles: Int32Array;
}

/** Asks for one collection. The thread serves them one after the other. */
export interface CollectRequest {
  readonly id: number;
  readonly collectors: readonly CollectorName[];
  /** On the clock of `monotonicMs`, which all threads share. */
  readonly deadlineMs: number;
}

/** What one or more collectors gave, sent as soon as it is there. */
export interface CollectedPart {
  readonly facts?: Facts;
  readonly sockets?: SocketCounts;
  readonly outcomes: readonly CollectorOutcome[];
}

export type CollectorMessage =
  | { readonly type: 'ready'; readonly notices: readonly Notice[] }
  | { readonly type: 'unable'; readonly error: string }
  | { readonly type: 'part'; readonly id: number; readonly part: CollectedPart }
  | { readonly type: 'done'; readonly id: number };

/** Milliseconds of the machine's monotonic clock: the same in every thread, and untouched when the time of day is set. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
