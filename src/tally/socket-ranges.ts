import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { PortInterval } from '../model/port-range.ts';
import type { Breakdown, FamilyLabel, SocketRangeUse } from '../model/socket-counts.ts';
import { TcpState } from '../model/tcp-state.ts';
import { ephemeralBit, isOnEphemeralPort, PortClass, type PortClasses } from '../table/port-classes.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { Family, Flag, hasFlag, localPortOf, stateOf } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { keepLargest } from './counting/largest-values.ts';
import type { Destinations } from './destinations.ts';

/** Ranges that are watched at most: each costs a look at every socket inside it. */
const MOST_RANGES = 16;
/** Without a socket that shows it, a range is watched for as long as its sockets may be in TIME_WAIT. */
const KEPT_MS = 60_000;

/** Counts how ranges are used that programs set for sockets of theirs (IP_LOCAL_PORT_RANGE). */
export function createSocketRanges(table: CountedTable, destinations: Pick<Destinations, 'cellOf' | 'isIpv6'>) {
  /** When a socket last showed it, by `SocketTable.portRanges`. */
  const seenMs = new Map<number, number>();

  /** Undefined if there are none. */
  return function select(
    classes: PortClasses,
    rules: EphemeralRules,
    limit: number,
    nowMs: number,
  ): readonly SocketRangeUse[] | undefined {
    watchRanges(seenMs, table.portRanges, rules, nowMs);
    if (seenMs.size === 0) return undefined;
    const rows = { words: table.words, length: table.length, numbers: undefined };
    const uses = countRanges(rows, seenMs.keys(), destinations, classes, rules);
    return uses && keepFullest(uses, limit, rangeText).cells;
  };
}

/** Updates when each range was last seen. */
export function watchRanges(
  seenMs: Map<number, number>,
  seen: Iterable<number>,
  { timeWaitMs = KEPT_MS }: EphemeralRules,
  nowMs: number,
): void {
  for (const each of seen) if (seenMs.has(each) || seenMs.size < MOST_RANGES) seenMs.set(each, nowMs);
  for (const [each, ms] of seenMs) if (nowMs - ms > timeWaitMs) seenMs.delete(each);
}

/** How these ranges of the rows' namespace are used; undefined if its own range is not known. */
export function countRanges(
  rows: Rows,
  ranges: Iterable<number>,
  destinations: Pick<Destinations, 'cellOf' | 'isIpv6'>,
  classes: PortClasses,
  { ranges: { ipv4: range } }: EphemeralRules, // Linux has one for both families
): SocketRangeUse[] | undefined {
  if (range === undefined) return undefined;
  const counted = [...ranges].map((each) => new RangeCount(clip(each, range), destinations));
  const { words } = rows;
  for (let index = 0; index < rows.length; index++) {
    const at = positionOf(rows, index);
    const port = localPortOf(words, at);
    if ((classes[port]! & PortClass.blocked) !== 0 || !hasFlag(words, at, Flag.taken)) continue;
    if (stateOf(words, at) === TcpState.bound || !isOnEphemeralPort(words, at, classes)) continue;
    for (const each of counted) if (each.has(port)) each.add(destinations.cellOf(words, at));
  }
  return counted.flatMap((each) => each.uses(classes));
}

export function keepFullest<Use extends SocketRangeUse>(
  uses: readonly Use[],
  limit: number,
  text: (use: Use) => string,
): Breakdown<Use> {
  return keepLargest(uses, limit, ({ utilization }) => utilization, text);
}

export function rangeText({ family, first, last }: SocketRangeUse): string {
  return `${family} ${first} ${last}`;
}

/** The kernel takes an end that lies inside the namespace's range: inet_sk_get_local_port_range() of net/ipv4/inet_connection_sock.c. */
function clip(packed: number, { first, last }: PortInterval): PortInterval {
  const isInside = (port: number) => port >= first && port <= last;
  const [low, high] = [packed & 0xffff, packed >>> 16];
  return { first: isInside(low) ? low : first, last: isInside(high) ? high : last };
}

class RangeCount {
  readonly #range: PortInterval;
  readonly #destinations: Pick<Destinations, 'isIpv6'>;
  /** Ports taken, by destination. */
  readonly #taken = new Map<number, number>();

  constructor(range: PortInterval, destinations: Pick<Destinations, 'isIpv6'>) {
    this.#range = range;
    this.#destinations = destinations;
  }

  has(port: number): boolean {
    return port >= this.#range.first && port <= this.#range.last;
  }

  add(destination: number): void {
    this.#taken.set(destination, (this.#taken.get(destination) ?? 0) + 1);
  }

  /** Of the families that have a port there. */
  uses(classes: PortClasses): SocketRangeUse[] {
    const busiest: Record<FamilyLabel, number> = { ipv4: 0, ipv6: 0 };
    for (const [cell, taken] of this.#taken) {
      const family = this.#destinations.isIpv6(cell) ? 'ipv6' : 'ipv4';
      busiest[family] = Math.max(busiest[family], taken);
    }
    return (['ipv4', 'ipv6'] as const)
      .filter((family) => busiest[family] > 0)
      .map((family) => this.#useOf(family, busiest[family], classes));
  }

  #useOf(family: FamilyLabel, busiest: number, classes: PortClasses): SocketRangeUse {
    const { first, last } = this.#range;
    const bit = ephemeralBit(Family[family === 'ipv4' ? 'v4' : 'v6']);
    let [ports, blocked] = [0, 0];
    for (let port = first; port <= last; port++) {
      if ((classes[port]! & bit) === 0) continue;
      ports++;
      if ((classes[port]! & PortClass.blocked) !== 0) blocked++;
    }
    return { family, first, last, ports, utilization: Math.min(1, (busiest + blocked) / Math.max(1, ports)) };
  }
}
