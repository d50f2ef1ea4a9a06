import { MissedDeadline } from '../../../model/missed-deadline.ts';
import type { OtherNamespaces } from '../../../table/other-namespaces.ts';
import type { ScrapeBudget } from '../../platform.ts';
import { CloseWaitClock } from '../rows/close-wait-clock.ts';
import { RepeatedRows } from '../rows/repeated-rows.ts';
import { EVERY_NAMESPACE, KERNEL_ROW_WORDS, type KernelWalk, NamespaceEnded, type Run, Table } from './kernel-walk.ts';
import { type ListedNamespace, listNamespaces, readNamespaceRules } from './namespace-list.ts';
import type { OtherRows } from './walk-rows.ts';

/** One walk's part about the namespaces that are not the exporter's own. */
export interface OtherVisit {
  readonly rows: OtherRows;
  /** Rows of the table of ports. */
  noteHeld(run: Run): void;
  /** Reads connections that are in no table walked so far, of namespaces that have one of their own (tcp_child_ehash_entries). */
  finish(states: number, note: (run: Run) => void): void;
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
    for (const each of listed)
      unlessEnded(() => {
        others.byNumber.set(each.inum, { rules: readNamespaceRules(walk, each), held: [] });
      });
    clock.begin(budget.now());
    return {
      rows: { others, context },
      noteHeld: (run) => noteHeld(run, others),
      finish(states, note) {
        for (const { inum } of withOwnTable(own, listed))
          unlessEnded(() => walk.read(Table.connections, states | EVERY_NAMESPACE, note, inum));
        clock.finish();
        if (budget.now() > budget.deadlineMs) throw new MissedDeadline('the walk', 'at other namespaces');
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
