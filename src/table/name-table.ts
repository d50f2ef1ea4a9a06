import { toPrintable } from '../model/printable-text.ts';

/** The id of the name nobody can tell. */
export const UNKNOWN_NAME = 0;

/** What the page says where nobody can tell. */
export const UNKNOWN_LABEL = 'unknown';

/** What the page says for everything beyond the series budget. */
export const OTHER_LABEL = 'other';

/** Names that say something else on the page; an empty label is to Prometheus no label at all. */
const RESERVED: ReadonlySet<string> = new Set([UNKNOWN_LABEL, OTHER_LABEL, '']);

/** Names (of processes, of units) under small ids, 0 being `unknown`. Ids hold until `reset`. */
export class NameTable {
  #ids = new Map<string, number>();
  #names: string[] = [];

  constructor() {
    this.reset();
  }

  /** Number of names, `unknown` included. */
  get length(): number {
    return this.#names.length;
  }

  /**
   * The id of a name, never 0. Names that would be the same text on the page have the same id: two series of one name
   * would break the page. A process really called `other` becomes `other_`.
   */
  intern(name: string): number {
    const printable = toPrintable(name);
    const free = RESERVED.has(printable) ? `${printable}_` : printable;
    const known = this.#ids.get(free);
    if (known !== undefined) return known;
    const id = this.#names.length;
    this.#names.push(free);
    this.#ids.set(free, id);
    return id;
  }

  /** The id of a name seen since `reset`, −1 for any other. */
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
