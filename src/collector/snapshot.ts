import type { CollectorName } from '../model/collectors.ts';
import type { CollectorOutcome, Facts, Snapshot } from '../model/snapshot.ts';
import type { SocketCounts } from '../model/socket-counts.ts';
import type { Collection } from './client.ts';

/**
 * What a collection has brought so far, as one snapshot. A wanted collector that has not answered counts as failed,
 * unless the collection is complete: then the platform, or the source in use, has nothing to collect there.
 */
export function assembleSnapshot(collection: Collection, wanted: readonly CollectorName[]): Snapshot {
  const { parts, ending, startedMs, nowMs } = { ...collection, nowMs: performance.now() };
  const facts: Facts = Object.assign({}, ...parts.map((part) => part.facts));
  const sockets: SocketCounts = Object.assign({}, ...parts.map((part) => part.sockets));
  const outcomes = parts.flatMap((part) => part.outcomes);
  const answered = new Set(outcomes.map(({ collector }) => collector));
  const missing = ending === 'complete' ? [] : wanted.filter((collector) => !answered.has(collector));
  const seconds = (nowMs - startedMs) / 1000;
  const error = ending === 'lost' ? 'the collector thread was lost' : 'it missed the deadline of the scrape';
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
