import type { CollectorName } from '../model/collectors.ts';
import { describeError } from '../model/describe-error.ts';
import { MissedDeadline } from '../model/missed-deadline.ts';
import type { CollectorOutcome } from '../model/snapshot.ts';

/** One collector's run: its value if it succeeded, and its outcome. */
export interface Run<Value> {
  readonly value: Value | undefined;
  readonly outcome: CollectorOutcome;
}

/** What a collector reads: asked for when it is done, since it may have turned to another source. */
export interface Source {
  readonly source: string;
  readonly sourceReason?: string | undefined;
}

/**
 * Runs a collector and times it. The one place that catches what a collector throws, so that it loses its own series
 * only.
 */
export function runCollector<Value>(
  collector: CollectorName,
  from: Source,
  now: () => number,
  collect: () => Value,
): Run<Value> {
  const startMs = now();
  const finish = (error?: unknown): CollectorOutcome => ({
    collector,
    success: error === undefined,
    seconds: (now() - startMs) / 1000,
    source: from.source,
    ...(from.sourceReason !== undefined && { sourceReason: from.sourceReason }),
    ...(error !== undefined && { error: describeError(error) }),
    ...(error instanceof MissedDeadline && { isLate: true }),
  });
  try {
    const value = collect();
    return { value, outcome: finish() };
  } catch (error) {
    return { value: undefined, outcome: finish(error ?? new Error('it failed without a reason')) };
  }
}
