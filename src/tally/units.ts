import { compareText } from '../model/compare-text.ts';
import type { Filters } from '../model/filters.ts';
import type { Breakdown, UnitCell } from '../model/socket-counts.ts';
import { STATE_SLOTS } from '../model/tcp-state.ts';
import { NameTable } from '../table/name-table.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { groupOf, stateOf } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { DenseCounts, stateOfCell, valueOfCell } from './counting/dense-counts.ts';
import { FilteredCounts } from './counting/filtered-counts.ts';
import { createStateBreakdown } from './counting/state-breakdown.ts';

/** Counts sockets by state and unit. The names of groups are resolved again for each page. */
export function createUnitsTally({ groups }: CountedTable, limit: number) {
  const byGroup = new DenseCounts();
  const byUnit = new DenseCounts();
  const units = new NameTable();
  const filtered = new FilteredCounts(STATE_SLOTS);
  const select = createStateBreakdown<string, UnitCell>(
    byUnit,
    limit,
    {
      label: (unit) => units.nameOf(unit),
      compare: (left, right) => compareText(units.nameOf(left), units.nameOf(right)),
      remember: (unit) => units.nameOf(unit),
      recall: (name) => units.find(name),
    },
    (state, unit, sockets) => ({ state, unit, sockets }),
    filtered,
  );

  return {
    reset: () => byGroup.reset(groups.length),
    count(rows: Rows, step: 1 | -1) {
      byGroup.reserve(groups.length);
      const { words } = rows;
      for (let index = 0; index < rows.length; index++) {
        const at = positionOf(rows, index);
        byGroup.columnOf(stateOf(words, at))[groupOf(words, at)]! += step;
      }
    },
    /** `nameOfGroup` names a group of the table; undefined if unknown. */
    select(nameOfGroup: (groupId: bigint) => string | undefined, filters?: Filters): Breakdown<UnitCell> {
      const unitOfGroup = nameGroups(nameOfGroup);
      const isOut = Array.from(
        { length: units.length },
        (_, unit) => filters?.isUnitOut?.(units.nameOf(unit)) ?? false,
      );
      byUnit.reset(units.length);
      filtered.reset(filters);
      byGroup.forEach((cell, count) => {
        const unit = unitOfGroup[valueOfCell(cell)]!;
        if (isOut[unit]) filtered.byFold[stateOfCell(cell)]! += count;
        else byUnit.columnOf(stateOfCell(cell))[unit]! += count;
      });
      return select();
    },
  };

  function nameGroups(nameOfGroup: (groupId: bigint) => string | undefined): Int32Array {
    units.reset();
    const unitOfGroup = new Int32Array(groups.length);
    for (let group = 1; group < unitOfGroup.length; group++) {
      const name = nameOfGroup(groups.idOf(group));
      if (name !== undefined) unitOfGroup[group] = units.intern(name);
    }
    return unitOfGroup;
  }
}
