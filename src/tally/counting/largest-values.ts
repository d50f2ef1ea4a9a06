import { compareText } from '../../model/compare-text.ts';
import type { Breakdown } from '../../model/socket-counts.ts';

/**
 * Keeps the `limit` largest entries of values that cannot be summed (ages, queue fills), so there is no `other`. The
 * entry's own text breaks ties. Largest first.
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
