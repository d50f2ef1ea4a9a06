/** A number of ours that lies outside the reference's numbers before and after it. */
export interface Disagreement {
  readonly what: string;
  readonly ours: number;
  readonly before: number;
  readonly after: number;
}

/** Sockets come and go between two readings, so only a number outside both is a disagreement. */
export function findDisagreements(
  before: ReadonlyMap<string, number>,
  ours: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Disagreement[] {
  const keys = new Set([...before.keys(), ...ours.keys(), ...after.keys()]);
  return [...keys]
    .map((what) => ({
      what,
      ours: ours.get(what) ?? 0,
      before: before.get(what) ?? 0,
      after: after.get(what) ?? 0,
    }))
    .filter((numbers) => directionOf(numbers) !== 0);
}

/**
 * The disagreements of a round that were in the previous rounds too, in the same direction. A socket that lives for
 * less than a round is sometimes in ours alone, and sometimes missing; a reader that is wrong is wrong the same way
 * each time.
 */
export function keepLasting(
  earlier: readonly Disagreement[] | undefined,
  latest: readonly Disagreement[],
): readonly Disagreement[] {
  if (earlier === undefined) return latest;
  const directions = new Map(earlier.map((numbers) => [numbers.what, directionOf(numbers)]));
  return latest.filter((numbers) => directions.get(numbers.what) === directionOf(numbers));
}

function directionOf({ ours, before, after }: Disagreement): -1 | 0 | 1 {
  if (ours > Math.max(before, after)) return 1;
  return ours < Math.min(before, after) ? -1 : 0;
}
