import type { CollectorName } from '../model/collectors.ts';
import { MISSED_DEADLINE } from '../model/missed-deadline.ts';
import type { CollectorOutcome, Facts, Snapshot } from '../model/snapshot.ts';
import type { Collection } from './client.ts';
import { pickCounts } from './counts-of.ts';

/**
 * What a collection has brought so far of what is wanted, as one snapshot; it may be a collection of more than that. A wanted collector that has not answered counts as failed,
 * unless the collection is complete: then the platform, or the source in use, has nothing to collect there.
 */
export function assembleSnapshot(collection: Collection, wanted: readonly CollectorName[]): Snapshot {
  const { parts, ending, startedMs, nowMs } = { ...collection, nowMs: performance.now() };
  const isWanted = ({ collector }: CollectorOutcome) => wanted.includes(collector);
  // facts are one collector's each, counts of sockets come together
  const facts: Facts = Object.assign(
    {},
    ...parts.filter((part) => part.outcomes.some(isWanted)).map((part) => part.facts),
  );
  const sockets = pickCounts(Object.assign({}, ...parts.map((part) => part.sockets)), wanted);
  const outcomes = parts.flatMap((part) => part.outcomes).filter(isWanted);
  const answered = new Set(outcomes.map(({ collector }) => collector));
  const missing = ending === 'complete' ? [] : wanted.filter((collector) => !answered.has(collector));
  const seconds = (nowMs - startedMs) / 1000;
  const error = ending === 'lost' ? 'the collector thread was lost' : `it ${MISSED_DEADLINE} of the scrape`;
  const failures = missing.map((collector): CollectorOutcome => ({ collector, success: false, seconds, error }));
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
