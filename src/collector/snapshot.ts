import type { CollectorName } from '../model/collectors.ts';
import type { CollectorOutcome, Facts, Snapshot } from '../model/snapshot.ts';
import type { Collection } from './client.ts';
import { pickCounts } from './collector-counts.ts';

/**
 * The wanted part of what a collection has brought so far, as one snapshot. (The collection may include more.) A wanted
 * collector that has not answered counts as failed; but if the collection is complete, the platform or its source has
 * nothing to collect there.
 */
export function assembleSnapshot(
  collection: Pick<Collection, 'parts' | 'ending' | 'startedMs'>,
  wanted: readonly CollectorName[],
): Snapshot {
  const { parts, ending, startedMs, nowMs } = { ...collection, nowMs: performance.now() };
  const isWanted = ({ collector }: CollectorOutcome) => wanted.includes(collector);
  // each fact belongs to one collector; the counts of sockets come together
  const facts: Facts = Object.assign(
    {},
    ...parts.filter((part) => part.outcomes.some(isWanted)).map((part) => part.facts),
  );
  const sockets = pickCounts(Object.assign({}, ...parts.map((part) => part.sockets)), wanted);
  const outcomes = parts.flatMap((part) => part.outcomes).filter(isWanted);
  const answered = new Set(outcomes.map(({ collector }) => collector));
  const missing = ending === 'complete' ? [] : wanted.filter((collector) => !answered.has(collector));
  const seconds = (nowMs - startedMs) / 1000;
  const cause =
    ending === 'lost'
      ? { error: 'the collector thread was lost' }
      : { error: 'it missed the deadline of the scrape', isLate: true };
  const failures = missing.map((collector): CollectorOutcome => ({ collector, success: false, seconds, ...cause }));
  return {
    ...facts,
    ...(Object.keys(sockets).length > 0 && { sockets }),
    outcomes: inOrder([...outcomes, ...failures], wanted),
  };
}

/** One outcome per collector, always in the same order. */
function inOrder(outcomes: readonly CollectorOutcome[], wanted: readonly CollectorName[]): CollectorOutcome[] {
  return wanted.flatMap((name) => outcomes.filter(({ collector }) => collector === name).slice(0, 1));
}
