import { compareText } from '../../model/compare-text.ts';
import type { Breakdown } from '../../model/socket-counts.ts';

/**
 * Keeps the `limit` entries of the largest size where sums mean nothing (ages, queue fills), so that nothing is folded
 * into an `other`. Ties are broken by the entry's own text. Largest first.
 */
export function keepLargest<Entry>(
  entries: readonly Entry[],
  limit: number,
  size: (entry: Entry) => number,
  text: (entry: Entry) => string,
): Breakdown<Entry> {
  const ranked = entries.map((entry) => ({ entry, size: size(entry), text: text(entry) }));
  ranked.sort((a, b) => b.size - a.size || compareText(a.text, b.text));
  return { cells: ranked.slice(0, limit).map(({ entry }) => entry), folded: Math.max(0, ranked.length - limit) };
}
