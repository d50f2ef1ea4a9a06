import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { EphemeralFamilyUse, EphemeralUse, FamilyLabel } from '../model/socket-counts.ts';
import { ephemeralBit, PortClass, type PortClasses } from '../table/port-classes.ts';
import type { Rows } from '../table/row-changes.ts';
import { Family } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { createDestinationsTally } from './destinations.ts';
import { createProcessPortsTally } from './process-ports.ts';
import { UsedPorts } from './used-ports.ts';

const FAMILIES: readonly FamilyLabel[] = ['ipv4', 'ipv6'];

type Range = Omit<EphemeralFamilyUse, 'utilization' | 'used'>;
type RangeUse = Omit<EphemeralFamilyUse, 'utilization'>;

/** Counts how the ephemeral ports are used, as the next connect() finds them. */
export function createEphemeralTally(table: SocketTable, limit: number) {
  const destinations = createDestinationsTally(table, limit);
  const processPorts = createProcessPortsTally(table, limit);
  const usedPorts = new UsedPorts();
  let last: { readonly classes: PortClasses; readonly ranges: readonly Range[] } | undefined;

  return {
    reset() {
      for (const part of [destinations, processPorts, usedPorts]) part.reset();
    },
    count(rows: Rows, step: 1 | -1, classes: PortClasses) {
      destinations.count(rows, step, classes);
      processPorts.count(rows, step, classes);
      usedPorts.count(rows, step, classes);
    },
    select(classes: PortClasses, rules: EphemeralRules, withProcesses: boolean): EphemeralUse {
      const { destinations: cells, busiest } = destinations.select();
      const families = rangesOf(classes, rules).map((range) =>
        withUtilization({ ...range, used: usedPorts.used(range.family, classes) }, rules, busiest[range.family]),
      );
      return { families, destinations: cells, ...(withProcesses && { processes: processPorts.select() }) };
    },
  };

  /** Goes through the ports only when the class of one has changed. */
  function rangesOf(classes: PortClasses, rules: EphemeralRules): readonly Range[] {
    if (last?.classes !== classes)
      last = { classes, ranges: FAMILIES.flatMap((each) => rangeOf(each, rules, classes)) };
    return last.ranges;
  }
}

function rangeOf(family: FamilyLabel, rules: EphemeralRules, classes: PortClasses): Range[] {
  const range = rules.ranges[family];
  if (range === undefined) return [];
  const bit = ephemeralBit(Family[family === 'ipv4' ? 'v4' : 'v6']);
  let ports = 0;
  let blocked = 0;
  for (let port = range.first; port <= range.last; port++) {
    if ((classes[port]! & bit) === 0) continue;
    ports++;
    if ((classes[port]! & PortClass.blocked) !== 0) blocked++;
  }
  return [{ family, first: range.first, last: range.last, ports, blocked }];
}

/** `busiest`: ports taken towards the busiest destination. */
function withUtilization(use: RangeUse, { heldAgainst }: EphemeralRules, busiest: number): EphemeralFamilyUse {
  const taken = heldAgainst === 'host' ? use.used : busiest + use.blocked;
  return { ...use, utilization: use.ports === 0 ? undefined : Math.min(1, taken / use.ports) };
}
