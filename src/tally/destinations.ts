import type { ScopedWords } from '../model/ip-address.ts';
import type { Breakdown, DestinationCell } from '../model/socket-counts.ts';
import { TcpState } from '../model/tcp-state.ts';
import { isOnEphemeralPort, isOutside, PortClass, type PortClasses } from '../table/port-classes.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import {
  Family,
  Flag,
  familyOf,
  groupOf,
  hasFlag,
  localPortOf,
  type RowWords,
  remotePortOf,
  stateOf,
  Word,
} from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { HashCounts } from './counting/hash-counts.ts';
import { TopCells } from './counting/top-cells.ts';
import { noteTakenPorts, type TakenPorts } from './taken-ports.ts';

/** Counters of a cell beside the ports used, all of ports of the range: those in TIME_WAIT; those taken (`Flag.taken`) and not blocked for all. */
const TIME_WAIT = 1;
const TAKEN = 2;
/** Those taken at odd offsets of the range. */
const ODD = 3;
const FREE_EVEN = 1;
const FREE_ODD = 2;

/** Lowest bit of the third key word; the remote port is above it, and above that the row's group where destinations are counted by it. */
const IPV6_BIT = 1;
const GROUP_SHIFT = 17;
const MOST_GROUPS = 1 << 15;

/** A destination, by address words, because ids do not stay valid. */
export interface RememberedDestination {
  readonly local: ScopedWords;
  readonly remote: ScopedWords;
  readonly port: number;
  readonly group: bigint;
}

/**
 * Counts the local ports of outbound sockets by destination: local address, remote address, remote port. A port has one
 * socket per destination (the 4-tuple is unique), so sockets are ports. `isByGroup`: rows of different groups have different destinations.
 */
export function createDestinationsTally(table: CountedTable, limit: number, isByGroup = false) {
  const counts = new HashCounts(4);
  /** Under the same keys: ports outside of the ephemeral range, and TIME_WAIT ports of it that connect() may take over. Most hosts have none. */
  const outside = new HashCounts();
  /** Counters of those: the ones that are not blocked, by the parity of their offset (`FREE_EVEN`, `FREE_ODD`). */
  const reusable = new HashCounts(3);
  const { addresses } = table;
  const top = new TopCells<RememberedDestination>(limit, {
    folds: 1,
    foldOf: () => 0,
    compare: (a, b) =>
      addresses.compare(counts.key(a, 1), counts.key(b, 1)) ||
      (counts.key(a, 2) >>> 0) - (counts.key(b, 2) >>> 0) ||
      addresses.compare(counts.key(a, 0), counts.key(b, 0)),
    remember,
    recall,
  });

  /** Of the rows that were counted last; by group where destinations are counted by it. */
  const classesOf = new Map<number, PortClasses>();

  function countRow(words: RowWords, at: number, step: 1 | -1, classes: PortClasses): void {
    const state = stateOf(words, at);
    const isInRange = isOnEphemeralPort(words, at, classes) && state !== TcpState.bound;
    if (!isInRange && !isOutside(words, at, classes)) return;
    const local = words[at + Word.localAddress]!;
    const remote = words[at + Word.remoteAddress]!;
    const port = keyOf(words, at);
    if (!isInRange) {
      counts.add(local, remote, port, step);
      outside.add(local, remote, port, step);
      return;
    }
    const isTaken = hasFlag(words, at, Flag.taken);
    const portClass = classes[localPortOf(words, at)]!;
    const timeWait = state === TcpState.timeWait ? step : 0;
    const ports = (portClass & PortClass.blocked) === 0 ? step : 0;
    const odd = (portClass & PortClass.odd) === 0 ? 0 : ports;
    counts.add(local, remote, port, step, timeWait, isTaken ? ports : 0, isTaken ? odd : 0);
    if (!isTaken) reusable.add(local, remote, port, step, ports - odd, odd);
  }

  return {
    reset() {
      for (const each of [counts, outside, reusable]) each.reset();
      classesOf.clear();
    },
    count(rows: Rows, step: 1 | -1, classes: PortClasses) {
      if (rows.length > 0) classesOf.set(isByGroup ? groupOf(rows.words, positionOf(rows, 0)) : 0, classes);
      const { words } = rows;
      for (let index = 0; index < rows.length; index++) countRow(words, positionOf(rows, index), step, classes);
    },
    /** `first`: those by which the utilization is said, which must not be hidden by destinations of ports outside the range. */
    select(first: readonly number[]): Breakdown<DestinationCell> {
      const { kept, folded } = top.select(counts, first);
      const cells = kept.map(toCell);
      return { cells, folded };
    },
    /** The same, each with its number and the id of its group. */
    selectByGroup(
      first: readonly number[],
    ): Breakdown<{ readonly number: number; readonly group: bigint; readonly cell: DestinationCell }> {
      const { kept, folded } = top.select(counts, first);
      return { cells: kept.map((cell) => ({ number: cell, group: groupIdOf(cell), cell: toCell(cell) })), folded };
    },
    groupIdOf,
    /**
     * Visits every destination: its number; the ports that the next connect() to it cannot get (without blocked ones),
     * and the odd ones of these; the even and the odd ports in TIME_WAIT that connect() may take over.
     */
    each(visit: (cell: number, taken: number, odd: number, freeEven: number, freeOdd: number) => void): void {
      const byInterface = findByInterface();
      counts.each((cell) => {
        const free = reusableOf(cell);
        const even = free < 0 ? 0 : reusable.count(free, FREE_EVEN);
        const odd = free < 0 ? 0 : reusable.count(free, FREE_ODD);
        const ports = byInterface?.get(cell);
        if (ports === undefined) visit(cell, counts.count(cell, TAKEN), counts.count(cell, ODD), even, odd);
        else visit(cell, ports.even.size + ports.odd.size, ports.odd.size, even, odd);
      });
    },
    /** All numbers of destinations are below. */
    end: () => counts.end,
    isIpv6: (cell: number): boolean => (counts.key(cell, 2) & IPV6_BIT) !== 0,
    /** The number of a row's destination; −1 if it has none. */
    cellOf,
    remember,
    /** The number of a remembered destination; −1 if it has no socket now. */
    recall,
  };

  function cellOf(words: RowWords, at: number): number {
    return counts.find(words[at + Word.localAddress]!, words[at + Word.remoteAddress]!, keyOf(words, at));
  }

  /** Where the cell's ports that may be taken over are counted, −1 = it has none. */
  function reusableOf(cell: number): number {
    return reusable.length === 0 ? -1 : reusable.find(counts.key(cell, 0), counts.key(cell, 1), counts.key(cell, 2));
  }

  /**
   * Ports taken of destinations by one interface towards which there are sockets without one as well, which hold their ports against those by
   * an interface, and not the other way round (inet_match() of include/net/inet_hashtables.h): a port may have both.
   */
  function findByInterface(): ReadonlyMap<number, TakenPorts> | undefined {
    if (!addresses.hasScopes) return undefined;
    const found = new Map<number, TakenPorts>();
    const heldAgainst = new Map<number, TakenPorts[]>();
    counts.each((cell) => {
      const unbound = findUnbound(cell);
      if (unbound < 0) return;
      const ports = { even: new Set<number>(), odd: new Set<number>() };
      found.set(cell, ports);
      heldAgainst.set(unbound, [...(heldAgainst.get(unbound) ?? []), ports]);
    });
    const classesAt = (at: number) => classesOf.get(isByGroup ? groupOf(table.words, at) : 0);
    if (found.size > 0)
      noteTakenPorts(table, { classesAt, cellAt: (at) => cellOf(table.words, at) }, found, heldAgainst);
    return found;
  }

  /** The same destination without an interface; −1 where there is no socket towards it, or the cell itself has none. */
  function findUnbound(cell: number): number {
    if (addresses.scopeOf(counts.key(cell, 1)) === 0) return -1;
    const { local, remote, port, group } = remember(cell);
    return recall({ local: withoutScope(local), remote: withoutScope(remote), port, group });
  }

  function remember(cell: number): RememberedDestination {
    return {
      local: addresses.wordsOf(counts.key(cell, 0)),
      remote: addresses.wordsOf(counts.key(cell, 1)),
      port: counts.key(cell, 2) & ((1 << GROUP_SHIFT) - 1),
      group: groupIdOf(cell),
    };
  }

  function recall({ local, remote, port, group }: RememberedDestination): number {
    const localId = addresses.find(local);
    const remoteId = addresses.find(remote);
    if (localId < 0 || remoteId < 0) return -1;
    return counts.find(localId, remoteId, port | (indexOf(group) << GROUP_SHIFT));
  }

  function keyOf(words: RowWords, at: number): number {
    const key = (remotePortOf(words, at) << 1) | (familyOf(words, at) === Family.v4 ? 0 : IPV6_BIT);
    return isByGroup ? key | ((groupOf(words, at) % MOST_GROUPS) << GROUP_SHIFT) : key;
  }

  /** The id of a destination's group; 0 where they are not counted by it. */
  function groupIdOf(cell: number): bigint {
    return table.groups.idOf(counts.key(cell, 2) >>> GROUP_SHIFT);
  }

  function indexOf(group: bigint): number {
    return table.groups.intern(Number(group & 0xffffffffn), Number(group >> 32n)) % MOST_GROUPS;
  }

  function toCell(cell: number): DestinationCell {
    const local = counts.key(cell, 0);
    const remote = counts.key(cell, 1);
    const port = counts.key(cell, 2);
    return {
      family: (port & IPV6_BIT) === 0 ? 'ipv4' : 'ipv6',
      localIp: addresses.textOf(local),
      remoteIp: addresses.textOf(remote),
      remotePort: (port >> 1) & 0xffff,
      portsUsed: counts.count(cell),
      portsTimeWait: counts.count(cell, TIME_WAIT),
      portsOutside: countAt(outside, local, remote, port),
      portsReusable: countAt(reusable, local, remote, port),
    };
  }
}

function withoutScope([w0, w1, w2, w3]: ScopedWords): ScopedWords {
  return [w0, w1, w2, w3];
}

function countAt(counts: HashCounts, local: number, remote: number, port: number): number {
  const cell = counts.find(local, remote, port);
  return cell < 0 ? 0 : counts.count(cell);
}

export type Destinations = Pick<
  ReturnType<typeof createDestinationsTally>,
  'each' | 'end' | 'isIpv6' | 'cellOf' | 'remember' | 'recall'
>;
