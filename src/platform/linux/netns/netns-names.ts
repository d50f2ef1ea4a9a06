import { FILTERED_LABEL, OTHER_LABEL } from '../../../table/name-table.ts';

/** A namespace that wants this name. */
export interface Named {
  readonly key: number;
  readonly wish: string;
  readonly inum: number | undefined;
}

/** Sums over several namespaces have these names. */
const RESERVED = [OTHER_LABEL, FILTERED_LABEL];

/**
 * Gives each namespace a name that no other has. Of several with the same wish (two namespaces in one pod) the one that had the name keeps
 * it, at first the one with the smallest number; the others get their number behind it.
 */
export function createNetnsNames() {
  let given: ReadonlyMap<number, { readonly wish: string; readonly name: string }> = new Map();

  return function nameAll(wishes: readonly Named[]): ReadonlyMap<number, string> {
    const taken = new Set(RESERVED);
    const names = new Map<number, { wish: string; name: string }>();
    const keeps = ({ key, wish }: Named) => given.get(key)?.wish === wish;
    for (const { key, wish } of wishes.filter(keeps)) give(key, wish, given.get(key)!.name);
    const added = wishes.filter((wish) => !keeps(wish)).sort((a, b) => numberOf(a) - numberOf(b));
    for (const each of added) give(each.key, each.wish, firstFree(each.wish, numberOf(each)));
    given = names;
    return new Map([...names].map(([key, { name }]) => [key, name]));

    function give(key: number, wish: string, name: string): void {
      names.set(key, { wish, name });
      taken.add(name);
    }

    function firstFree(name: string, number: number): string {
      if (!taken.has(name)) return name;
      for (let suffix = `#${number}`; ; suffix += '#') if (!taken.has(name + suffix)) return name + suffix;
    }
  };
}

function numberOf({ key, inum }: Named): number {
  return inum ?? key;
}
