import type { FamilyLabel } from '../model/socket-counts.ts';
import { TcpState } from '../model/tcp-state.ts';
import { isOnEphemeralPort, PortClass, type PortClasses } from '../table/port-classes.ts';
import { localPortOf, ROW_WORDS, stateOf } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import type { Destinations, RememberedDestination } from './destinations.ts';

/** Ports of the range that are not blocked, by the parity of their offset. */
export interface Parities {
  readonly even: number;
  readonly odd: number;
}

export interface BoundPorts {
  /** Ports that bind(address, 0) must have given out, which no connect() gets. */
  readonly bound: number;
  /** Ports towards the busiest destination that the next connect() to it cannot get, without blocked and bound ones. */
  readonly busiest: BusiestPorts;
}

export interface BusiestPorts extends Readonly<Record<FamilyLabel, number>> {
  /** Numbers of these destinations. */
  readonly cells: readonly number[];
}

/** Where bound ports are known (`PortClass.bound`), they are among the blocked ones. */
export function findBusiest(destinations: Destinations): BusiestPorts {
  const most = new MostTaken();
  destinations.each((cell, taken) => most.note(destinations.isIpv6(cell), cell, taken));
  return most.busiest();
}

/** The destination of each family with most ports taken. */
export class MostTaken {
  readonly #taken = new Int32Array(2);
  readonly #cells = new Int32Array(2).fill(-1);

  note(isIpv6: boolean, cell: number, taken: number): void {
    const family = isIpv6 ? 1 : 0;
    if (taken <= this.#taken[family]!) return;
    this.#taken[family] = taken;
    this.#cells[family] = cell;
  }

  busiest(): BusiestPorts {
    return { ipv4: this.#taken[0]!, ipv6: this.#taken[1]!, cells: [...this.#cells].filter((cell) => cell >= 0) };
  }
}

/** A destination with this share of the even ports has made connect() use odd ones. */
const SPILLED = 0.9;
/** Destinations with this share of the odd ports are remembered; smaller ones have no effect. */
const NOTEWORTHY = 1 / 16;
/** With this share of the odd ports bound, bind(address, 0) uses even ones. */
const FULL = 0.98;
/** If one in so many of a destination's ports has an odd offset, programs bind() for it. */
const BINDING = 4;

/**
 * Finds ports that were bound before connect(), which the kernel does not show, by their parity (__inet_hash_connect()
 * and inet_csk_find_open_port() of net/ipv4): connect() gives out even offsets of the range first, and odd ones only
 * for a destination that has all even ports; bind(address, 0) does the opposite. So an odd port towards a destination
 * that never had all even ones was bound, and so were the even ones of such destinations once all odd ones are gone.
 */
export function createBoundPorts(table: CountedTable, destinations: Destinations) {
  /** Destinations that had all even ports once, and may have odd ones since. */
  let spilledBefore: RememberedDestination[] = [];
  /**
   * Destinations that had more odd ports than even ones, and still have some: if they have all even ones as well,
   * bind() gave these out.
   */
  let boundBefore: RememberedDestination[] = [];

  /** `usedOdd`: odd ports that have a socket and are not blocked. */
  return function estimate(classes: PortClasses, usedOdd: number, free: Parities): BoundPorts {
    const spilled = findSpilled(usedOdd, free);
    const odd = spilled.size === 0 ? usedOdd : countPorts(classes, PortClass.odd, (cell) => !spilled.has(cell));
    const binding = odd > 0 && odd >= free.odd * FULL ? findBinding(spilled) : undefined;
    const even = binding === undefined ? 0 : countPorts(classes, 0, (cell) => binding[cell] === 1);
    const most = new MostTaken();
    destinations.each((cell, taken, oddTaken) => {
      if (binding?.[cell] === 1) return;
      most.note(destinations.isIpv6(cell), cell, spilled.has(cell) ? taken : taken - oddTaken);
    });
    return { bound: odd + even, busiest: most.busiest() };
  };

  /** A port in TIME_WAIT may be free for connect() again, but was given out. */
  function findSpilled(usedOdd: number, free: Parities): ReadonlySet<number> {
    const spilled = new Set(spilledBefore.map((each) => destinations.recall(each)));
    const bound = new Set(boundBefore.map((each) => destinations.recall(each)));
    const most = Math.ceil(free.even * SPILLED); // an integer, so that the loop allocates no number
    const worthKnowing = Math.ceil(free.odd * NOTEWORTHY);
    const isAnyKnown = spilled.size + bound.size > 0;
    if (usedOdd > 0)
      destinations.each((cell, taken, oddTaken, freeEven, freeOdd) => {
        const even = taken - oddTaken + freeEven;
        const odd = oddTaken + freeOdd;
        if (even >= most && !bound.has(cell))
          spilled.add(cell); // the even ones are older, and some have ended
        else if (odd > even && odd >= worthKnowing && !spilled.has(cell)) bound.add(cell);
        else if (odd === 0 && isAnyKnown) forget(cell);
      });
    forget(-1);
    spilledBefore = usedOdd === 0 ? [] : [...spilled].map((cell) => destinations.remember(cell));
    boundBefore = usedOdd === 0 ? [] : [...bound].map((cell) => destinations.remember(cell));
    return spilled;

    function forget(cell: number): void {
      spilled.delete(cell);
      bound.delete(cell);
    }
  }

  /** 1 for each destination that programs bind() for. */
  function findBinding(spilled: ReadonlySet<number>): Uint8Array {
    const binding = new Uint8Array(destinations.end());
    destinations.each((cell, taken, oddTaken, freeEven, freeOdd) => {
      const odd = oddTaken + freeOdd;
      if (odd === 0 || odd * BINDING < taken + freeEven + freeOdd || spilled.has(cell)) return;
      binding[cell] = 1;
    });
    return binding;
  }

  /**
   * Distinct ports of a parity (`PortClass.odd` or 0), not blocked, with a socket towards one of these destinations.
   */
  function countPorts(classes: PortClasses, parity: number, isOf: (cell: number) => boolean): number {
    const seen = new Uint8Array(classes.length);
    const { words } = table;
    let ports = 0;
    for (let at = 0; at < table.length * ROW_WORDS; at += ROW_WORDS) {
      const port = localPortOf(words, at);
      const portClass = classes[port]!;
      if ((portClass & (PortClass.odd | PortClass.blocked)) !== parity || seen[port] === 1) continue;
      if (stateOf(words, at) === TcpState.bound || !isOnEphemeralPort(words, at, classes)) continue;
      if (!isOf(destinations.cellOf(words, at))) continue;
      seen[port] = 1;
      ports++;
    }
    return ports;
  }
}
