import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { EphemeralFamilyUse, EphemeralUse, FamilyLabel } from '../model/socket-counts.ts';
import { Family, type SocketTable } from '../model/socket-table.ts';
import { type BusiestDestination, createDestinationsTally } from './destinations.ts';
import type { NotedRows } from './noted-rows.ts';
import { ephemeralBit, PortClass, type PortClasses } from './port-classes.ts';
import { createProcessPortsTally } from './process-ports.ts';

const FAMILIES: readonly FamilyLabel[] = ['ipv4', 'ipv6'];

/** Counts how the ephemeral ports are used, as the next connect() finds them. */
export function createEphemeralTally(table: SocketTable, limit: number, noted?: NotedRows) {
  const countDestinations = createDestinationsTally(table, limit, noted);
  const countProcessPorts = createProcessPortsTally(table, limit);

  return function countEphemeral(classes: PortClasses, rules: EphemeralRules, withProcesses: boolean): EphemeralUse {
    const { destinations, busiest } = countDestinations(classes, rules);
    const used = usedPorts(table);
    const families = FAMILIES.flatMap((family) => familyUse(family, rules, classes, used[family], busiest));
    return { families, destinations, ...(withProcesses && { processes: countProcessPorts(classes) }) };
  };
}

/** One flag per local port that any socket of a family holds. */
function usedPorts(table: SocketTable): Readonly<Record<FamilyLabel, Uint8Array>> {
  const ipv4 = new Uint8Array(65_536);
  const ipv6 = new Uint8Array(65_536);
  const { family, localPort } = table.columns;
  for (let row = 0; row < table.length; row++) {
    const used = family[row] === Family.v4 ? ipv4 : ipv6;
    used[localPort[row]!] = 1;
  }
  return { ipv4, ipv6 };
}

function familyUse(
  family: FamilyLabel,
  rules: EphemeralRules,
  classes: PortClasses,
  usedFlags: Uint8Array,
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
    used += usedFlags[port]!;
    if ((classes[port]! & PortClass.blocked) !== 0) blocked++;
  }
  const taken = rules.heldAgainst === 'host' ? used : busiest[family] + blocked;
  const utilization = ports === 0 ? undefined : Math.min(1, taken / ports);
  return [{ family, first: range.first, last: range.last, ports, used, blocked, utilization }];
}
