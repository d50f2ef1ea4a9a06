import type { SocketCounts } from '../../../src/model/socket-counts.ts';

/** Every part of the counts that a limit bounds. */
export function breakdownsIn(counts: SocketCounts): object[] {
  const parts = [...Object.values(counts), ...Object.values(counts.ephemeral ?? {})];
  return parts.filter((part) => typeof part === 'object' && 'folded' in part);
}
