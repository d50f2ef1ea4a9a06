import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { Rows } from '../model/row-changes.ts';
import type { EphemeralFamilyUse, EphemeralUse, FamilyLabel } from '../model/socket-counts.ts';
import { Family } from '../model/socket-row.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { type BusiestDestination, createDestinationsTally } from './destinations.ts';
import { ephemeralBit, PortClass, type PortClasses } from './port-classes.ts';
import { createProcessPortsTally } from './process-ports.ts';
import { UsedPorts } from './used-ports.ts';

const FAMILIES: readonly FamilyLabel[] = ['ipv4', 'ipv6'];

/** Counts how the ephemeral ports are used, as the next connect() finds them. */
export function createEphemeralTally(table: SocketTable, limit: number) {
  const destinations = createDestinationsTally(table, limit);
  const processPorts = createProcessPortsTally(table, limit);
  const usedPorts = new UsedPorts();

  return {
    reset() {
      for (const part of [destinations, processPorts, usedPorts]) part.reset();
    },
    count(rows: Rows, step: 1 | -1, classes: PortClasses) {
      destinations.count(rows, step, classes);
      processPorts.count(rows, step, classes);
      usedPorts.count(rows, step);
    },
    select(classes: PortClasses, rules: EphemeralRules, withProcesses: boolean): EphemeralUse {
      const { destinations: cells, busiest } = destinations.select();
      const families = FAMILIES.flatMap((family) => familyUse(family, rules, classes, usedPorts.of(family), busiest));
      return { families, destinations: cells, ...(withProcesses && { processes: processPorts.select() }) };
    },
  };
}

function familyUse(
  family: FamilyLabel,
  rules: EphemeralRules,
  classes: PortClasses,
  socketsOnPort: Int32Array,
  busiest: BusiestDestination,
): EphemeralFamilyUse[] {
  const range = rules.ranges[family];
  if (range === undefined) return [];
  const bit = ephemeralBit(Family[family === 'ipv4' ? 'v4' : 'v6']);
  let ports = 0;
  let used = 0;
  let blocked = 0;
  for (let port = range.first; port <= range.last; port++) {
    if ((classes[port]! & bit) === 0) continue;
    ports++;
    if (socketsOnPort[port] !== 0) used++;
    if ((classes[port]! & PortClass.blocked) !== 0) blocked++;
  }
  const taken = rules.heldAgainst === 'host' ? used : busiest[family] + blocked;
  const utilization = ports === 0 ? undefined : Math.min(1, taken / ports);
  return [{ family, first: range.first, last: range.last, ports, used, blocked, utilization }];
}
