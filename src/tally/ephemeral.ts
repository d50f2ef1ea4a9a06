import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { Rows } from '../model/row-changes.ts';
import type { EphemeralFamilyUse, EphemeralUse, FamilyLabel } from '../model/socket-counts.ts';
import { Family } from '../model/socket-row.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { createDestinationsTally } from './destinations.ts';
import { ephemeralBit, PortClass, type PortClasses } from './port-classes.ts';
import { createProcessPortsTally } from './process-ports.ts';
import { UsedPorts } from './used-ports.ts';

const FAMILIES: readonly FamilyLabel[] = ['ipv4', 'ipv6'];

type RangeUse = Omit<EphemeralFamilyUse, 'utilization'>;

/** Counts how the ephemeral ports are used, as the next connect() finds them. */
export function createEphemeralTally(table: SocketTable, limit: number) {
  const destinations = createDestinationsTally(table, limit);
  const processPorts = createProcessPortsTally(table, limit);
  const usedPorts = new UsedPorts();
  let last: { readonly version: number; readonly classes: PortClasses; readonly use: readonly RangeUse[] } | undefined;

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
      const families = rangeUse(classes, rules).map((use) => withUtilization(use, rules, busiest[use.family]));
      return { families, destinations: cells, ...(withProcesses && { processes: processPorts.select() }) };
    },
  };

  /** Goes through the ports only when one of them has changed: on a quiet host that is most of a scrape's counting. */
  function rangeUse(classes: PortClasses, rules: EphemeralRules): readonly RangeUse[] {
    const { version } = usedPorts;
    if (last?.version !== version || last.classes !== classes)
      last = {
        version,
        classes,
        use: FAMILIES.flatMap((family) => useOf(family, rules, classes, usedPorts.of(family))),
      };
    return last.use;
  }
}

function useOf(
  family: FamilyLabel,
  rules: EphemeralRules,
  classes: PortClasses,
  socketsOnPort: Int32Array,
): RangeUse[] {
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
  return [{ family, first: range.first, last: range.last, ports, used, blocked }];
}

/** `busiest`: ports taken towards the busiest destination. */
function withUtilization(use: RangeUse, { heldAgainst }: EphemeralRules, busiest: number): EphemeralFamilyUse {
  const taken = heldAgainst === 'host' ? use.used : busiest + use.blocked;
  return { ...use, utilization: use.ports === 0 ? undefined : Math.min(1, taken / use.ports) };
}
