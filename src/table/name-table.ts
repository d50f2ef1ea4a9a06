import { toPrintable } from '../model/printable-text.ts';

/** The id of the unknown name. */
export const UNKNOWN_NAME = 0;

/** The page's word for an unknown name. */
export const UNKNOWN_LABEL = 'unknown';

/** The page's word for everything beyond the series budget. */
export const OTHER_LABEL = 'other';

/** The page's word for everything that filters leave out. */
export const FILTERED_LABEL = 'filtered';

/** Names that have another meaning on the page; Prometheus treats an empty label as missing. */
const RESERVED: ReadonlySet<string> = new Set([UNKNOWN_LABEL, OTHER_LABEL, FILTERED_LABEL, '']);

/** A name as the page shows it. */
export function labelOf(name: string): string {
  const printable = toPrintable(name);
  return RESERVED.has(printable) ? `${printable}_` : printable;
}

/** Names (of processes, of units) with small ids; 0 is `unknown`. Ids are valid until `reset`. */
export class NameTable {
  #ids = new Map<string, number>();
  #names: string[] = [];

  constructor() {
    this.reset();
  }

  /** Number of names, including `unknown`. */
  get length(): number {
    return this.#names.length;
  }

  /**
   * The id of a name, never 0. Names with the same text on the page share an id: two series of one name would break the
   * page. A process that is really called `other` becomes `other_`.
   */
  intern(name: string): number {
    const free = labelOf(name);
    const known = this.#ids.get(free);
    if (known !== undefined) return known;
    const id = this.#names.length;
    this.#names.push(free);
    this.#ids.set(free, id);
    return id;
  }

  /** The id of a name interned since `reset`, −1 for any other. */
  find(name: string): number {
    return this.#ids.get(name) ?? -1;
  }

  nameOf(id: number): string {
    return this.#names[id] ?? UNKNOWN_LABEL;
  }

  reset(): void {
    this.#ids.clear();
    this.#ids.set(UNKNOWN_LABEL, UNKNOWN_NAME);
    this.#names = [UNKNOWN_LABEL];
  }
}
