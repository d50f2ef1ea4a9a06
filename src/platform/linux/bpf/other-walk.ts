import type { OtherNamespaces } from '../../../table/other-namespaces.ts';
import type { ScrapeBudget } from '../../platform.ts';
import { CloseWaitClock } from '../rows/close-wait-clock.ts';
import { RepeatedRows } from '../rows/repeated-rows.ts';
import {
  EVERY_NAMESPACE,
  KERNEL_ROW_WORDS,
  type KernelWalk,
  NamespaceEnded,
  type Run,
  Table,
  WalkDisturbed,
} from './kernel-walk.ts';
import { type ListedNamespace, listNamespaces, readNamespaceRules } from './namespace-list.ts';
import type { OtherRows } from './walk-rows.ts';

/** Rows of other namespaces that are read at most, and the share of the time that is left for a scrape. Beyond that nothing is told of them. */
const MOST_ROWS = 500_000;
const SHARE = 1 / 2;

/** One walk's part about the namespaces that are not the exporter's own. */
export interface OtherVisit {
  readonly rows: OtherRows;
  /** Whether the others have taken all that they may. */
  isTooMuch(): boolean;
  /** Rows of the table of ports. */
  noteHeld(run: Run): void;
  /**
   * Reads connections that are in no table walked so far, of namespaces that have one of their own (tcp_child_ehash_entries). Returns whether
   * these held still.
   */
  finish(states: number, note: (run: Run) => void): boolean;
}

/** What a walk over all network namespaces keeps from scrape to scrape. */
export function createOtherWalk(walk: KernelWalk, hz: number) {
  const clock = new CloseWaitClock();
  const context = { repeated: new RepeatedRows(), hz, clock };

  return { begin };

  /** Undefined if there is no other namespace, or the kernel does not tell of them. */
  function begin(others: OtherNamespaces, budget: ScrapeBudget): OtherVisit | undefined {
    const [own, ...listed] = listNamespaces(walk);
    if (own === undefined) return undefined;
    others.isKnown = true;
    if (listed.length === 0) return undefined;
    const endMs = budget.now() + (budget.deadlineMs - budget.now()) * SHARE;
    for (const each of listed)
      unlessEnded(() => {
        others.byNumber.set(each.inum, { rules: readNamespaceRules(walk, each), held: [], portRanges: new Set() });
      });
    clock.begin(budget.now());
    return {
      rows: { others, context },
      isTooMuch: () => others.table.length > MOST_ROWS || budget.now() > endMs,
      noteHeld: (run) => noteHeld(run, others),
      finish(states, note) {
        const tables = withOwnTable(own, listed);
        const isWhole = tables.every(({ inum }) =>
          isUndisturbed(() => unlessEnded(() => walk.read(Table.connections, states | EVERY_NAMESPACE, note, inum))),
        );
        clock.finish();
        return isWhole;
      },
    };
  }
}

/** A namespace may have ended since it was listed, and its table with it. */
function unlessEnded(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof NamespaceEnded)) throw error;
  }
}

function isUndisturbed(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof WalkDisturbed)) throw error;
    return false;
  }
}

/** One namespace for each table of connections that is not that of the own one. */
function withOwnTable(own: ListedNamespace, others: readonly ListedNamespace[]): readonly ListedNamespace[] {
  const byTable = new Map(others.map((each) => [each.table, each]));
  byTable.delete(own.table);
  return [...byTable.values()];
}

function noteHeld({ words, firstRow, firstNetns, length }: Run, others: OtherNamespaces): void {
  if (firstNetns === undefined) return;
  for (let index = 0; index < length; index++) {
    const port = words[firstRow + index * KERNEL_ROW_WORDS]! & 0xffff;
    others.byNumber.get(words[firstNetns + index]! >>> 0)?.held.push(port);
  }
}
