import { groupOf, Reason, ROW_WORDS, reasonOf, Word } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';

/** Who listens on a port; `process` undefined where several do, or nobody knows. */
export interface LocalListener {
  readonly process: string | undefined;
  readonly cgroup: bigint;
  /** The search for its process goes on. */
  readonly isPending: boolean;
}

/** The listeners of the last scrape by their port. */
export function listenersByLocalPort(table: CountedTable): ReadonlyMap<number, LocalListener> {
  const { words, listeners, processNames, groups } = table;
  const byPort = new Map<number, LocalListener>();
  for (const row of listeners) {
    const { localPort } = table.rowAt(row);
    const process = words[row * ROW_WORDS + Word.process]!;
    const name = process === 0 ? undefined : processNames.nameOf(process);
    const listener = {
      process: name,
      cgroup: groups.idOf(groupOf(words, row * ROW_WORDS)),
      isPending: reasonOf(words, row * ROW_WORDS) === Reason.unresolved,
    };
    const known = byPort.get(localPort);
    const isOther = known !== undefined && (known.process !== listener.process || known.cgroup !== listener.cgroup);
    const isPending = listener.isPending || known?.isPending === true;
    byPort.set(localPort, isOther ? { process: undefined, cgroup: 0n, isPending } : listener);
  }
  return byPort;
}
