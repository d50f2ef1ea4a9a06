import type { Breakdown, ProcessCell, ReasonLabel, UnattributedCell } from '../model/socket-counts.ts';
import { Reason, type SocketTable } from '../model/socket-table.ts';
import { KNOWN_STATES } from '../model/tcp-state.ts';
import { compareText } from './compare-text.ts';
import { createStateBreakdown } from './state-breakdown.ts';
import { StateCounts } from './state-counts.ts';

/** Counts sockets by state and owning process. */
export function createProcessesTally(table: SocketTable, limit: number) {
  const counts = new StateCounts();
  const { processNames } = table;
  const select = createStateBreakdown<string, ProcessCell>(
    counts,
    limit,
    {
      label: (process) => processNames.nameOf(process),
      compare: (left, right) => compareText(processNames.nameOf(left), processNames.nameOf(right)),
      remember: (process) => processNames.nameOf(process),
      recall: (name) => processNames.find(name),
    },
    (state, process, sockets) => ({ state, process, sockets }),
  );

  return function countProcesses(): Breakdown<ProcessCell> {
    counts.reset(processNames.length);
    const { state, process } = table.columns;
    for (let row = 0; row < table.length; row++) counts.columnOf(state[row]!)[process[row]!]!++;
    return select();
  };
}

const REASON_LABELS: readonly (readonly [Reason, ReasonLabel])[] = [
  [Reason.kernel, 'kernel'],
  [Reason.unaccepted, 'unaccepted'],
  [Reason.permission, 'permission'],
  [Reason.unresolved, 'unresolved'],
];

/** Sockets whose process is unknown, by state and reason; every known state and reason, zero included. */
export function countUnattributed(table: SocketTable): UnattributedCell[] {
  const counts = new Int32Array(16 * 8);
  const { state, process, reason } = table.columns;
  for (let row = 0; row < table.length; row++) {
    if (process[row] === 0) counts[state[row]! * 8 + reason[row]!]!++;
  }
  return KNOWN_STATES.flatMap((state) =>
    REASON_LABELS.map(([number, reason]) => ({ state, reason, sockets: counts[state * 8 + number]! })),
  );
}
