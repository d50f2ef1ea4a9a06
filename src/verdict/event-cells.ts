import { ENDINGS, EventCount, FAILURE_REASONS, type OutboundCell } from '../model/connection-events.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { isSum } from './words.ts';

/** Where the number of a reason, or of a way to end, stands among the counts of a cell. */
export const failureAt = (reason: (typeof FAILURE_REASONS)[number]) =>
  EventCount.failed + FAILURE_REASONS.indexOf(reason);
export const endingAt = (how: (typeof ENDINGS)[number]) => EventCount.closed + ENDINGS.indexOf(how);

/**
 * What was counted of some outbound cells, since the exporter attached its programs. One that is not on the page yet begins at 0 there.
 * Undefined where no connection is counted.
 */
export function sumCells(
  { connectionEvents }: Snapshot,
  isSought: (cell: OutboundCell) => boolean,
  places: readonly number[],
): number | undefined {
  return connectionEvents?.outbound
    .filter(isSought)
    .reduce((all, { counts }) => all + places.reduce((sum, place) => sum + (counts[place] || 0), 0), 0);
}

/** A destination, unless it is among those without a place of their own. */
export function isKnownPlace({ remotePort }: OutboundCell): boolean {
  return !isSum(remotePort);
}
