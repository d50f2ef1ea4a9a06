/** Numbers that follow from a seed. */
export interface Random {
  /** A whole number from 0 to `limit` − 1; 0 where there is none. */
  below(limit: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, which is plenty to choose mutations by. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number) => (limit < 2 ? 0 : next() % limit);
  return { below, pick: (items) => items[below(items.length)]! };
}
