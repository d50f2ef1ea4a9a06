/** Rows have 16 bits for an index (`socket-row.ts`): groups beyond this number have none. */
const MOST_GROUPS = 2 ** 16;

/**
 * 64-bit ids of socket groups (cgroup ids on Linux) as two 32-bit halves, each with a small index; index 0 is
 * "unknown". A host has few of them, and neighbours in a dump often share one, so the last answer is tried first.
 */
export interface GroupTable {
  /** Number of indices, including 0. */
  readonly length: number;
  intern(low: number, high: number): number;
  /** The 64-bit id of an index. */
  idOf(index: number): bigint;
  /** Indices are valid until `reset`. */
  reset(): void;
}

export function createGroupTable(): GroupTable {
  const indices = new Map([[0, 0]]);
  const ids: bigint[] = [0n];
  let lastLow = 0;
  let lastHigh = 0;
  let lastIndex = 0;
  return {
    get length() {
      return ids.length;
    },
    intern(low, high) {
      if (low === lastLow && high === lastHigh) return lastIndex;
      const key = (high >>> 0) * 2 ** 32 + (low >>> 0); // exact below 2^53: kernfs generations stay far below 2^21
      let index = indices.get(key);
      if (index === undefined) {
        if (ids.length === MOST_GROUPS) return 0;
        index = ids.length;
        ids.push((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
        indices.set(key, index);
      }
      lastLow = low;
      lastHigh = high;
      lastIndex = index;
      return index;
    },
    idOf: (index) => ids[index] ?? 0n,
    reset() {
      indices.clear();
      indices.set(0, 0);
      ids.length = 1;
      lastLow = 0;
      lastHigh = 0;
      lastIndex = 0;
    },
  };
}
