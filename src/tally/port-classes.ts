import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import { type EphemeralRange, ephemeralPortFlags } from '../model/port-range.ts';
import { Family, type SocketTable } from '../model/socket-table.ts';
import { TcpState } from '../model/tcp-state.ts';

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

/** Classes of all ports: one pass over the rows that listen or are bound, and the ephemeral ranges where they are known. */
export function classifyPorts(table: SocketTable, rules: EphemeralRules | undefined): PortClasses {
  const classes = new Uint8Array(65_536);
  const { state, localPort } = table.columns;
  for (let row = 0; row < table.length; row++) {
    const isListener = state[row] === TcpState.listen;
    if (isListener) classes[localPort[row]!]! |= PortClass.listening | PortClass.blocked;
    else if (state[row] === TcpState.bound) classes[localPort[row]!]! |= PortClass.blocked;
  }
  mark(classes, rules?.ranges.ipv4, PortClass.ephemeralV4);
  mark(classes, rules?.ranges.ipv6, PortClass.ephemeralV6);
  return classes;
}

/** The bit that tells whether a port is ephemeral for a row's family. */
export function ephemeralBit(family: number): number {
  return family === Family.v4 ? PortClass.ephemeralV4 : PortClass.ephemeralV6;
}

function mark(classes: PortClasses, range: EphemeralRange | undefined, bit: number): void {
  if (range === undefined) return;
  const flags = ephemeralPortFlags(range);
  for (let port = range.first; port <= range.last; port++) {
    if (flags[port] === 1) classes[port]! |= bit;
  }
}
