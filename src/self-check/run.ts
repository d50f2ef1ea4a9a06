import { setTimeout as delay } from 'node:timers/promises';
import { createCollecting } from '../collector/on-this-thread.ts';
import type { CollectorName, PlatformName } from '../model/collectors.ts';
import { describeError } from '../model/describe-error.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { CollectorOutcome } from '../model/snapshot.ts';
import type { SocketSource } from '../model/socket-source.ts';
import { openPlatform, openReferences } from '../platform/select.ts';
import { type Comparison, compareWith } from './compare.ts';
import { formatReport } from './report.ts';

export interface SelfCheckOptions {
  readonly platform: PlatformName;
  /** Enabled collectors. */
  readonly collectors: ReadonlySet<CollectorName>;
  readonly knownCollectors: readonly CollectorName[];
  readonly limits: TallyLimits;
  readonly procfs: string;
  readonly sysfs: string;
  readonly kubeletLogs: string;
  readonly ownersBudgetMs: number;
  readonly socketSource?: SocketSource;
  readonly scrapeTimeoutMs: number;
}

/** What a self-check uses to read the system. */
export interface SelfCheckReaders {
  readonly openPlatform: typeof openPlatform;
  readonly openReferences: typeof openReferences;
}

/** Pause between two rounds of a comparison: longer than most states that a connection passes through. */
const PAUSE_MS = 300;

/**
 * Collects as a scrape does, and compares the sockets with other readers. Never rejects: the report has the failure.
 */
export async function runSelfCheck(
  options: SelfCheckOptions,
  readers: SelfCheckReaders = { openPlatform, openReferences },
): Promise<{ readonly text: string; readonly isGood: boolean }> {
  const { platform, limits, scrapeTimeoutMs, knownCollectors, collectors } = options;
  try {
    const opened = await readers.openPlatform(platform, options);
    const collecting = createCollecting(opened, { collectors: [...collectors], limits }, scrapeTimeoutMs);
    try {
      collecting.collect(); // finding the owners of many sockets takes more than one scrape
      const comparisons: Comparison[] = [];
      for (const reference of await readers.openReferences(platform, options)) {
        comparisons.push(await compareWith(reference, collecting, () => delay(PAUSE_MS)));
      }
      const { snapshot } = collecting.collect();
      const { notices } = collecting;
      return formatReport({ platform, knownCollectors, collectors, notices, snapshot, comparisons });
    } finally {
      collecting.close();
    }
  } catch (error) {
    const outcomes = [...collectors].map((collector) => failedOutcome(collector, error));
    const snapshot = { outcomes };
    return formatReport({ platform, knownCollectors, collectors, notices: [], snapshot, comparisons: [] });
  }
}

/** The platform could not be opened. */
function failedOutcome(collector: CollectorName, error: unknown): CollectorOutcome {
  return { collector, success: false, seconds: 0, error: describeError(error) };
}
