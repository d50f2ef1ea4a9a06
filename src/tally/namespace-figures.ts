import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import { countEphemeralPorts } from '../model/port-range.ts';
import { STATE_SLOTS } from '../model/tcp-state.ts';
import type { NamespacePorts } from '../table/other-namespaces.ts';
import { ephemeralBit, PortClass, type PortClasses } from '../table/port-classes.ts';
import { Family, familyOf, localPortOf, ROW_WORDS, stateOf } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { countPassedOver } from './ephemeral.ts';

const PORTS = 65_536;

/** What is counted of one network namespace, from its rows alone. */
export interface NamespaceFigures {
  /** Index = state number. */
  readonly states: Int32Array;
  /** Undefined if the range is not known. */
  readonly ports: NamespaceRange | undefined;
}

/** Numbers of ports of the range. */
export interface NamespaceRange {
  readonly ports: number;
  readonly used: number;
  /** Whether one of them is used over IPv6. */
  readonly hasIpv6: boolean;
  /** No connect() gets these, whatever its destination. */
  readonly blocked: number;
  /** A search of the kernel does not come to these. */
  readonly passedOver: number;
}

/** Counts the rows of one network namespace after the other. */
export function createNamespaceFigures(table: CountedTable) {
  const seen = { used: new PortMarks(), blocked: new PortMarks() };

  return function count(rows: Int32Array, classes: PortClasses, { rules, held }: NamespacePorts): NamespaceFigures {
    const states = new Int32Array(STATE_SLOTS);
    const { words } = table;
    for (const row of rows) states[stateOf(words, row * ROW_WORDS)]!++;
    return { states, ports: rules && rangeOf(rows, classes, rules, held) };
  };

  function rangeOf(
    rows: Int32Array,
    classes: PortClasses,
    rules: EphemeralRules,
    held: readonly number[],
  ): NamespaceRange | undefined {
    const range = rules.ranges.ipv4;
    if (range === undefined) return undefined;
    for (const marks of Object.values(seen)) marks.clear();
    const bit = ephemeralBit(Family.v4);
    let [used, blocked, hasIpv6] = [0, 0, false];
    const noteBlocked = (port: number) => {
      const isBlocked = (classes[port]! & (bit | PortClass.blocked)) === (bit | PortClass.blocked);
      if (isBlocked && seen.blocked.add(port)) blocked++;
    };
    for (const port of held) noteBlocked(port);
    const { words } = table;
    for (const row of rows) {
      const at = row * ROW_WORDS;
      const port = localPortOf(words, at);
      if ((classes[port]! & bit) === 0) continue;
      noteBlocked(port);
      if (seen.used.add(port)) used++;
      if (familyOf(words, at) === Family.v6) hasIpv6 = true;
    }
    const isFirstFree = (classes[range.first]! & (bit | PortClass.blocked)) === bit;
    const passedOver = isFirstFree ? countPassedOver(range) : 0;
    return { ports: portsOf(rules), used, hasIpv6, blocked, passedOver };
  }

  function portsOf(rules: EphemeralRules): number {
    const { first, last, excluded } = rules.ranges.ipv4!;
    return excluded.length === 0 ? last - first + 1 : countEphemeralPorts(rules.ranges.ipv4!);
  }
}

/** A set of ports that is cleared without going through it. */
class PortMarks {
  readonly #marks = new Uint32Array(PORTS);
  #current = 0;

  clear(): void {
    this.#current++;
  }

  /** Whether it was not there before. */
  add(port: number): boolean {
    const isNew = this.#marks[port] !== this.#current;
    this.#marks[port] = this.#current;
    return isNew;
  }
}
