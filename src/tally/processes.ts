import { compareText } from '../model/compare-text.ts';
import type { Filters } from '../model/filters.ts';
import type { Breakdown, ProcessCell, ReasonLabel, UnattributedCell } from '../model/socket-counts.ts';
import { KNOWN_STATES, STATE_SLOTS } from '../model/tcp-state.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { Reason, reasonOf, stateOf, Word } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { DenseCounts } from './counting/dense-counts.ts';
import { FilteredCounts } from './counting/filtered-counts.ts';
import { createStateBreakdown } from './counting/state-breakdown.ts';
import type { LeftOut } from './left-out.ts';

/** Counts sockets by state and owning process. */
export function createProcessesTally({ processNames }: CountedTable, limit: number, leftOut: LeftOut) {
  const counts = new DenseCounts();
  const filtered = new FilteredCounts(STATE_SLOTS);
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
    filtered,
  );

  return {
    reset(filters?: Filters) {
      counts.reset(processNames.length);
      filtered.reset(filters);
    },
    count(rows: Rows, step: 1 | -1) {
      counts.reserve(processNames.length);
      const { words } = rows;
      const isOut = leftOut.filters?.isProcessOut === undefined ? undefined : leftOut.processes;
      for (let index = 0; index < rows.length; index++) {
        const at = positionOf(rows, index);
        const process = words[at + Word.process]!;
        if (isOut !== undefined && isOut[process] === 1) filtered.byFold[stateOf(words, at)]! += step;
        else counts.columnOf(stateOf(words, at))[process]! += step;
      }
    },
    select: (): Breakdown<ProcessCell> => select(),
  };
}

const REASON_LABELS: readonly (readonly [Reason, ReasonLabel])[] = [
  [Reason.kernel, 'kernel'],
  [Reason.unaccepted, 'unaccepted'],
  [Reason.permission, 'permission'],
  [Reason.unresolved, 'unresolved'],
  [Reason.pidNamespace, 'pid_namespace'],
];
const REASON_SLOTS = 8;

/** Counts sockets whose process is unknown, by state and reason. */
export function createUnattributedTally() {
  const counts = new Int32Array(STATE_SLOTS * REASON_SLOTS);
  return {
    reset() {
      counts.fill(0);
    },
    count(rows: Rows, step: 1 | -1) {
      const { words } = rows;
      for (let index = 0; index < rows.length; index++) {
        const at = positionOf(rows, index);
        if (words[at + Word.process] === 0) counts[stateOf(words, at) * REASON_SLOTS + reasonOf(words, at)]! += step;
      }
    },
    /** Every known state and reason, also at zero. */
    select: (): UnattributedCell[] =>
      KNOWN_STATES.flatMap((state) =>
        REASON_LABELS.map(([number, reason]) => ({ state, reason, sockets: counts[state * REASON_SLOTS + number]! })),
      ),
  };
}
