import { TcpState } from '../model/tcp-state.ts';
import { Family, Flag, familyOf, hasFlag, localPortOf, type RowWords, stateOf } from './socket-row.ts';

/** Bits of a port's class. */
export const PortClass = {
  /** Peers connect to it: sockets with this local port are inbound, except those dialled from it. */
  serving: 1,
  /** The OS may hand it out, for IPv4 or for IPv6. */
  ephemeralV4: 2,
  ephemeralV6: 4,
  /** A listener, a bound socket or an accepted connection holds it: no connect() gets it, whatever its destination. */
  blocked: 8,
  /** A socket listens on it now. */
  listening: 16,
  /**
   * At an odd offset of the range: Linux gives it to bind(address, 0) before the even ones, to connect() after them.
   */
  odd: 32,
  /**
   * Blocked only because a program got it by bind() before it called connect(). Known where the source tells
   * (`SocketTable.heldPorts`).
   */
  bound: 64,
} as const;

/** What is known about each local port in one scrape. Shape: 65,536 bytes of `PortClass` bits. */
export type PortClasses = Uint8Array;

const EPHEMERAL = PortClass.ephemeralV4 | PortClass.ephemeralV6;

/** The bit that says whether a port is ephemeral for a row's family. */
export function ephemeralBit(family: number): number {
  return family === Family.v4 ? PortClass.ephemeralV4 : PortClass.ephemeralV6;
}

export function isEphemeral(portClass: number): boolean {
  return (portClass & EPHEMERAL) !== 0;
}

/** Whether the peer opened the connection, as far as the ports show. */
export function isInbound(words: RowWords, at: number, classes: PortClasses): boolean {
  return (classes[localPortOf(words, at)]! & PortClass.serving) !== 0 && !hasFlag(words, at, Flag.dialled);
}

/** Whether the OS handed out the row's port, as far as the ports show. */
export function isOnEphemeralPort(words: RowWords, at: number, classes: PortClasses): boolean {
  const portClass = classes[localPortOf(words, at)]!;
  return (portClass & ephemeralBit(familyOf(words, at))) !== 0 && !isInbound(words, at, classes);
}

/** Whether the row is outbound from a port outside the ephemeral range. */
export function isOutside(words: RowWords, at: number, classes: PortClasses): boolean {
  if ((classes[localPortOf(words, at)]! & ephemeralBit(familyOf(words, at))) !== 0) return false;
  const state = stateOf(words, at);
  return state !== TcpState.listen && state !== TcpState.bound && !isInbound(words, at, classes);
}
