import { NameTable } from '../model/name-table.ts';
import type { Breakdown, UnitCell } from '../model/socket-counts.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { compareText } from './compare-text.ts';
import { createStateBreakdown } from './state-breakdown.ts';
import { StateCounts } from './state-counts.ts';

/** Counts sockets by state and unit. `nameOfGroup` names a group of the table, undefined where nobody can tell. */
export function createUnitsTally(table: SocketTable, limit: number) {
  const counts = new StateCounts();
  const units = new NameTable();
  const select = createStateBreakdown<string, UnitCell>(
    counts,
    limit,
    {
      label: (unit) => units.nameOf(unit),
      compare: (left, right) => compareText(units.nameOf(left), units.nameOf(right)),
      remember: (unit) => units.nameOf(unit),
      recall: (name) => units.find(name),
    },
    (state, unit, sockets) => ({ state, unit, sockets }),
  );

  return function countUnits(nameOfGroup: (groupId: bigint) => string | undefined): Breakdown<UnitCell> {
    units.reset();
    const unitOfGroup = new Int32Array(table.groups.length);
    for (let group = 1; group < unitOfGroup.length; group++) {
      const name = nameOfGroup(table.groups.idOf(group));
      if (name !== undefined) unitOfGroup[group] = units.intern(name);
    }
    counts.reset(units.length);
    const { state, group } = table.columns;
    for (let row = 0; row < table.length; row++) counts.columnOf(state[row]!)[unitOfGroup[group[row]!]!]!++;
    return select();
  };
}
