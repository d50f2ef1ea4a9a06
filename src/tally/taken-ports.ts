import { TcpState } from '../model/tcp-state.ts';
import { isOnEphemeralPort, PortClass, type PortClasses } from '../table/port-classes.ts';
import { Flag, hasFlag, localPortOf, ROW_WORDS, type RowWords, stateOf } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';

/** Distinct ports by the parity of their offset. */
export interface TakenPorts {
  readonly even: Set<number>;
  readonly odd: Set<number>;
}

/** By the place of a row: the classes that it is counted by, undefined = it is not; the number of its destination. */
export interface RowFacts {
  classesAt(at: number): PortClasses | undefined;
  cellAt(at: number): number;
}

/** Adds the ports that a connect() to some destinations cannot get: those of their own sockets, and those that others hold against them. */
export function noteTakenPorts(
  { words, length }: CountedTable,
  { classesAt, cellAt }: RowFacts,
  own: ReadonlyMap<number, TakenPorts>,
  against: ReadonlyMap<number, readonly TakenPorts[]>,
): void {
  for (let at = 0; at < length * ROW_WORDS; at += ROW_WORDS) {
    const classes = classesAt(at);
    if (classes === undefined || !isTaken(words, at, classes)) continue;
    const port = localPortOf(words, at);
    const parity = (classes[port]! & PortClass.odd) === 0 ? 'even' : 'odd';
    const cell = cellAt(at);
    own.get(cell)?.[parity].add(port);
    for (const ports of against.get(cell) ?? []) ports[parity].add(port);
  }
}

/** As a destination counts its ports, without those that are blocked for all. */
function isTaken(words: RowWords, at: number, classes: PortClasses): boolean {
  const isBlocked = (classes[localPortOf(words, at)]! & PortClass.blocked) !== 0;
  return (
    !isBlocked &&
    stateOf(words, at) !== TcpState.bound &&
    isOnEphemeralPort(words, at, classes) &&
    hasFlag(words, at, Flag.taken)
  );
}
