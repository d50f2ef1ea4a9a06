import type { ExpositionFormat } from '../metrics/family.ts';
import type { BuildInfo } from '../model/build-info.ts';
import type { CollectorName, PlatformName } from '../model/collectors.ts';
import type { ConfigInUse } from '../model/file-config.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { CollectorOutcome, Facts, Snapshot } from '../model/snapshot.ts';
import type { SocketCounts } from '../model/socket-counts.ts';
import type { SocketSource } from '../model/socket-source.ts';
import type { Notice } from '../platform/platform.ts';

/** What the collector thread starts with. Everything here survives a structured clone. */
export interface CollectorOptions {
  readonly platform: PlatformName;
  /** Enabled collectors. */
  readonly collectors: readonly CollectorName[];
  readonly limits: TallyLimits;
  readonly procfs: string;
  readonly sysfs: string;
  readonly kubeletLogs: string;
  readonly ownersBudgetMs: number;
  readonly socketSource?: SocketSource;
  /** Stands on the page. */
  readonly build: BuildInfo;
}

/** The options, and what belongs to one thread alone. */
export interface ThreadData extends CollectorOptions {
  /** Shared: the descriptors that the thread has open; see `PlatformOptions.handles`. */
  readonly handles: Int32Array;
}

/** Requests one collection. The thread serves requests one after the other. */
export interface CollectRequest {
  readonly id: number;
  readonly collectors: readonly CollectorName[];
  /** On the clock of `monotonicMs`, which all threads share. */
  readonly deadlineMs: number;
  /** The configuration file, where it is not the one of the thread's last request. */
  readonly config?: ConfigInUse;
  /** Has the thread write the page in this format: text crosses from thread to thread much cheaper than the counts. */
  readonly format?: ExpositionFormat;
  /** Shared, one number: not 0 as soon as somebody wants the counts, too. */
  readonly countsWanted: Int32Array;
}

/** The result of one or more collectors. */
export interface CollectedPart {
  readonly facts?: Facts;
  readonly sockets?: SocketCounts;
  readonly outcomes: readonly CollectorOutcome[];
}

/** The end of a collection. */
export interface CollectionEnd {
  readonly parts: readonly CollectedPart[];
  /** In the format that was asked for, as UTF-8. */
  readonly page?: Uint8Array;
  /** Whether the parts have the counts. */
  readonly hasCounts: boolean;
  /** With the counts: what whole collections before it brought that kept theirs, the earliest first. */
  readonly earlier?: readonly ToldLook[];
}

/** What of an earlier collection a verdict can need. */
export interface ToldLook {
  readonly snapshot: Snapshot;
  readonly secondsAgo: number;
}

export type CollectorMessage =
  | { readonly type: 'ready'; readonly notices: readonly Notice[] }
  | { readonly type: 'unable'; readonly error: string }
  | { readonly type: 'part'; readonly id: number; readonly part: CollectedPart }
  | { readonly type: 'done'; readonly id: number; readonly end: CollectionEnd };

/**
 * Milliseconds of the machine's monotonic clock: the same in every thread, and not affected when somebody sets the time
 * of day.
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
