import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import { type EphemeralRange, ephemeralPortFlags } from '../model/port-range.ts';
import { TcpState } from '../model/tcp-state.ts';
import { positionOf, type Rows } from './row-changes.ts';
import { Family, localPortOf, stateOf } from './socket-row.ts';

/** Bits of a port's class. */
export const PortClass = {
  /** A socket listens on it: sockets with this local port are inbound. */
  listening: 1,
  /** The OS may hand it out for IPv4, for IPv6. */
  ephemeralV4: 2,
  ephemeralV6: 4,
  /** A listener or a bound socket holds it: no connect() gets it, whatever its destination. */
  blocked: 8,
} as const;

/** What is known of each local port in one scrape. Shape: 65,536 bytes of `PortClass` bits. */
export type PortClasses = Uint8Array;

const PORTS = 65_536;

/** Classes of all ports, from the rows that listen or are bound and the ephemeral ranges where they are known. */
export class PortClassTable {
  /** Replaced, not written, when a class or a range changes. */
  classes: PortClasses = new Uint8Array(PORTS);
  readonly #listeners = new Int32Array(PORTS);
  readonly #bound = new Int32Array(PORTS);
  #hasMoved = true;
  #ranges: string | undefined;

  reset(): void {
    this.#listeners.fill(0);
    this.#bound.fill(0);
    this.#hasMoved = true;
  }

  /** Rows that come (`step` 1) or go (−1). */
  count(rows: Rows, step: 1 | -1): void {
    const { words } = rows;
    for (let index = 0; index < rows.length; index++) {
      const at = positionOf(rows, index);
      const state = stateOf(words, at);
      if (state !== TcpState.listen && state !== TcpState.bound) continue;
      const holders = state === TcpState.listen ? this.#listeners : this.#bound;
      holders[localPortOf(words, at)]! += step;
      this.#hasMoved = true;
    }
  }

  /** Brings the classes up to date and sets a flag for every port whose class is another one now. */
  update(rules: EphemeralRules | undefined, changedPorts: Uint8Array): void {
    const ranges = JSON.stringify(rules?.ranges);
    if (!this.#hasMoved && ranges === this.#ranges) return;
    this.#hasMoved = false;
    this.#ranges = ranges;
    const old = this.classes;
    const classes = new Uint8Array(PORTS);
    markRange(classes, rules?.ranges.ipv4, PortClass.ephemeralV4);
    markRange(classes, rules?.ranges.ipv6, PortClass.ephemeralV6);
    for (let port = 0; port < PORTS; port++) {
      if (this.#listeners[port] !== 0) classes[port]! |= PortClass.listening | PortClass.blocked;
      else if (this.#bound[port] !== 0) classes[port]! |= PortClass.blocked;
      if (classes[port] !== old[port]) changedPorts[port] = 1;
    }
    this.classes = classes;
  }
}

/** The bit that tells whether a port is ephemeral for a row's family. */
export function ephemeralBit(family: number): number {
  return family === Family.v4 ? PortClass.ephemeralV4 : PortClass.ephemeralV6;
}

function markRange(classes: PortClasses, range: EphemeralRange | undefined, bit: number): void {
  if (range === undefined) return;
  const flags = ephemeralPortFlags(range);
  for (let port = range.first; port <= range.last; port++) {
    if (flags[port] === 1) classes[port]! |= bit;
  }
}
