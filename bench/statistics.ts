/** The middle value; the mean of the middle two where there are two. */
export function median(values: readonly number[]): number {
  const sorted = sort(values);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** The smallest value that `share` (0–1) of all values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  return sort(values)[Math.max(0, Math.ceil(values.length * share) - 1)]!;
}

function sort(values: readonly number[]): number[] {
  if (values.length === 0) throw new Error('there are no values');
  return [...values].sort((left, right) => left - right);
}
