import type { NetnsCloseWait, NetnsOwner } from '../model/netns-sockets.ts';
import type { Breakdown } from '../model/socket-counts.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { countCloseWait } from './close-wait.ts';

/** Ages of CLOSE_WAIT sockets by who does not close them. `ownerOf`: by a name of the table; what has none, and the smallest, goes to `other`. */
export function countNetnsCloseWait(
  table: CountedTable,
  stuckAfterMs: number,
  limit: number,
  ownerOf: (name: string) => NetnsOwner | undefined,
  other: NetnsOwner,
): Breakdown<NetnsCloseWait> {
  const { oldest, stuck } = countCloseWait(table, stuckAfterMs, Number.POSITIVE_INFINITY);
  const all = oldest.map(({ process, seconds }, index) => ({
    owner: ownerOf(process),
    oldestSeconds: seconds,
    unclosed: stuck[index * 2]!.sockets,
    unaccepted: stuck[index * 2 + 1]!.sockets,
  }));
  const kept = new Set(all.filter(({ owner }) => owner !== undefined).slice(0, limit));
  const rest = all.filter((each) => !kept.has(each));
  return {
    cells: [
      ...[...kept].map(({ owner, ...ages }) => ({ ...owner!, ...ages })),
      ...(rest.length === 0 ? [] : [rest.reduce(addAges, { ...other, oldestSeconds: 0, unclosed: 0, unaccepted: 0 })]),
    ],
    folded: rest.length,
  };
}

function addAges(
  sum: NetnsCloseWait,
  { oldestSeconds, unclosed, unaccepted }: Omit<NetnsCloseWait, keyof NetnsOwner>,
): NetnsCloseWait {
  return {
    ...sum,
    oldestSeconds: Math.max(sum.oldestSeconds, oldestSeconds),
    unclosed: sum.unclosed + unclosed,
    unaccepted: sum.unaccepted + unaccepted,
  };
}
