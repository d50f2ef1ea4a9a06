import { stateLabel } from '../model/tcp-state.ts';
import type { ReferenceReading } from '../platform/reference.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { type CellOptions, type Cells, countCells, createIdentifier } from './cells.ts';
import { type Disagreement, findDisagreements } from './disagreements.ts';

/** One reading of a reference. */
export interface Reading extends ReferenceReading {
  readonly table: SocketTable;
}

export interface ComparedRows {
  /** Our sockets that were compared. */
  readonly sockets: number;
  readonly disagreements: readonly Disagreement[];
  readonly unknownStateWords: UnknownStateWords;
}

/** Unknown words for states → how many sockets have them, by the state that we see. */
export type UnknownStateWords = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Compares our rows with two readings, one from before and one from after them. If one of them names a socket's state
 * by an unknown word, that state is left open on all sides.
 */
export function compareRows(
  ours: SocketTable,
  before: Reading,
  after: Reading,
  options: Omit<CellOptions, 'isStateUnknown' | 'ignored'>,
): ComparedRows {
  const { ownerIs } = options;
  const wordOf = new Map([...identifyUnknown(before, ownerIs), ...identifyUnknown(after, ownerIs)]);
  const isStateUnknown = (identity: string) => wordOf.has(identity);
  const count = (table: SocketTable, ignored: ReadonlySet<number>): Cells =>
    countCells(table, { ...options, isStateUnknown, ignored });
  const own = count(ours, new Set());
  const [first, last] = [count(before.table, before.ignored), count(after.table, after.ignored)];
  return {
    sockets: [...own.totals.values()].reduce((sum, sockets) => sum + sockets, 0),
    disagreements: [
      ...findDisagreements(first.totals, own.totals, last.totals),
      ...findDisagreements(first.sockets, own.sockets, last.sockets),
    ],
    unknownStateWords: explainWords(ours, ownerIs, wordOf),
  };
}

/** The sockets whose state a reading cannot tell, each with its word for it. */
function identifyUnknown({ table, unknownStateWords }: Reading, ownerIs: string): [string, string][] {
  const identify = createIdentifier(table, ownerIs);
  return [...unknownStateWords].map(([row, word]) => [identify(row), word]);
}

function explainWords(table: SocketTable, ownerIs: string, wordOf: ReadonlyMap<string, string>): UnknownStateWords {
  const words = new Map([...wordOf.values()].map((word) => [word, new Map<string, number>()]));
  if (words.size === 0) return words;
  const identify = createIdentifier(table, ownerIs);
  for (let row = 0; row < table.length; row++) {
    const states = words.get(wordOf.get(identify(row)) ?? '');
    const label = stateLabel(table.rowAt(row).state);
    states?.set(label, (states.get(label) ?? 0) + 1);
  }
  return words;
}
