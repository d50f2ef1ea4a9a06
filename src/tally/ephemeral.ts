import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { PortInterval } from '../model/port-range.ts';
import type { EphemeralFamilyUse, EphemeralUse, FamilyLabel } from '../model/socket-counts.ts';
import { ephemeralBit, isEphemeral, PortClass, type PortClasses } from '../table/port-classes.ts';
import type { Rows } from '../table/row-changes.ts';
import { Family } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { type BusiestPorts, createBoundPorts, findBusiest, type Parities } from './bound-ports.ts';
import { createDestinationsTally } from './destinations.ts';
import { countEphemeralListeners, PortHolders } from './port-holders.ts';
import { createProcessPortsTally } from './process-ports.ts';
import { createSocketRanges } from './socket-ranges.ts';
import { UsedPorts } from './used-ports.ts';

const FAMILIES: readonly FamilyLabel[] = ['ipv4', 'ipv6'];

/** `passedOver`: ports that a search of the kernel does not come to. `bound`: as far as the classes say. */
type Range = Omit<EphemeralFamilyUse, 'utilization' | 'used' | 'boundEstimate' | 'bound'> & {
  readonly bound: number;
  readonly passedOver: number;
};

/** Counts how the ephemeral ports are used, as the next connect() finds them. */
export function createEphemeralTally(table: CountedTable, limit: number) {
  const destinations = createDestinationsTally(table, limit);
  const processPorts = createProcessPortsTally(table, limit);
  const usedPorts = new UsedPorts();
  const holders = new PortHolders();
  const estimateBound = createBoundPorts(table, destinations);
  const selectSocketRanges = createSocketRanges(table, destinations);
  let last: { readonly classes: PortClasses; readonly ranges: readonly Range[]; readonly free: Parities } | undefined;

  return {
    reset() {
      for (const part of [destinations, processPorts, usedPorts, holders]) part.reset();
    },
    count(rows: Rows, step: 1 | -1, classes: PortClasses) {
      destinations.count(rows, step, classes);
      processPorts.count(rows, step, classes);
      usedPorts.count(rows, step, classes);
      holders.count(rows, step, classes);
    },
    select(classes: PortClasses, rules: EphemeralRules, withProcesses: boolean, nowMs: number): EphemeralUse {
      const { ranges, free } = rangesOf(classes, rules);
      const { judge, busiest = [] } = chooseJudge(classes, rules, free);
      const families = ranges.map((range) => judge(range, usedPorts.used(range.family, classes)));
      const socketRanges = selectSocketRanges(classes, rules, limit, nowMs);
      return {
        families,
        destinations: destinations.select(busiest),
        ...(withProcesses && { processes: processPorts.select() }),
        listeners: countEphemeralListeners(table, classes, limit),
        holders: holders.select(table, classes, limit, nowMs),
        ...(socketRanges && { socketRanges }),
      };
    },
  };

  /** How far a range is used, and the destinations by which that is said. */
  function chooseJudge(
    classes: PortClasses,
    { heldAgainst }: EphemeralRules,
    free: Parities,
  ): { judge: (range: Range, used: number) => EphemeralFamilyUse; busiest?: readonly number[] } {
    if (heldAgainst === 'host') return { judge: (range, used) => toUse(range, used, used, {}) };
    const known = table.heldPorts === undefined ? undefined : findBusiest(destinations);
    if (known !== undefined) {
      return {
        judge: (range, used) => toUse(range, used, takenOf(range, range.bound, known), { bound: range.bound }),
        busiest: known.cells,
      };
    }
    const { bound, busiest } = estimateBound(classes, usedPorts.usedOdd(classes), free);
    return {
      judge: (range, used) => toUse(range, used, takenOf(range, bound, busiest), { boundEstimate: bound }),
      busiest: busiest.cells,
    };
  }

  /** Goes through the ports only if the class of one has changed. */
  function rangesOf(classes: PortClasses, rules: EphemeralRules) {
    if (last?.classes !== classes)
      last = {
        classes,
        ranges: FAMILIES.flatMap((each) => rangeOf(each, rules, classes)),
        free: countFree(classes),
      };
    return last;
  }
}

function rangeOf(family: FamilyLabel, rules: EphemeralRules, classes: PortClasses): Range[] {
  const range = rules.ranges[family];
  if (range === undefined) return [];
  const bit = ephemeralBit(Family[family === 'ipv4' ? 'v4' : 'v6']);
  let ports = 0;
  let blocked = 0;
  let listening = 0;
  let bound = 0;
  for (let port = range.first; port <= range.last; port++) {
    if ((classes[port]! & bit) === 0) continue;
    ports++;
    if ((classes[port]! & PortClass.bound) !== 0) bound++;
    else if ((classes[port]! & PortClass.blocked) !== 0) {
      blocked++;
      if ((classes[port]! & PortClass.serving) !== 0) listening++;
    }
  }
  const isFirstFree = (classes[range.first]! & (bit | PortClass.blocked)) === bit;
  const passedOver = isFirstFree && rules.heldAgainst === 'destination' ? countPassedOver(range) : 0;
  return [{ family, first: range.first, last: range.last, ports, blocked, listening, bound, passedOver }];
}

/**
 * Of an odd number of ports Linux goes through one less, from a random one on: it passes over the first port, rarely over the
 * last one (`remaining &= ~1U` in __inet_hash_connect() and inet_csk_find_open_port() of net/ipv4).
 */
export function countPassedOver({ first, last }: PortInterval): number {
  const ports = last - first + 1;
  return ports > 1 ? ports % 2 : 0;
}

function countFree(classes: PortClasses): Parities {
  const free = { even: 0, odd: 0 };
  for (let port = 0; port < classes.length; port++) {
    const portClass = classes[port]!;
    if (portClass === 0 || !isEphemeral(portClass) || (portClass & PortClass.blocked) !== 0) continue;
    free[(portClass & PortClass.odd) === 0 ? 'even' : 'odd']++;
  }
  return free;
}

function takenOf({ family, blocked }: Range, bound: number, busiest: BusiestPorts): number {
  return busiest[family] + blocked + bound;
}

function toUse(
  { bound: _, passedOver, ...range }: Range,
  used: number,
  taken: number,
  bound: Pick<EphemeralFamilyUse, 'bound' | 'boundEstimate'>,
): EphemeralFamilyUse {
  const utilization = range.ports === 0 ? 1 : Math.min(1, taken / Math.max(1, range.ports - passedOver)); // all are reserved
  return { ...range, used, ...bound, utilization };
}
