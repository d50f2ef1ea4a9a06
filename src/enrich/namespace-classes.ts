import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import { TcpState } from '../model/tcp-state.ts';
import { isConnection } from '../table/connection-states.ts';
import type { NamespacePorts } from '../table/other-namespaces.ts';
import { isEphemeral, PortClass, type PortClasses } from '../table/port-classes.ts';
import { Flag, localPortOf, ROW_WORDS, remotePortOf, stateOf } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { markRange } from './port-class-table.ts';
import { isReusable, reusableBelowMs } from './time-wait-reuse.ts';

const PORTS = 65_536;
/** Different ranges whose classes are remembered; most namespaces have the same one. */
const MOST_RANGES = 64;

/**
 * Completes the rows of one network namespace, and classifies its ports, from this scrape alone: a connection is inbound where its port
 * listens, or lies outside of the range while its peer's is inside.
 */
export function createNamespaceClasses(table: SocketTable) {
  const byRange = new Map<string, PortClasses>();
  const classes = new Uint8Array(PORTS);

  /** `rows`: numbers of the rows. The classes are valid until the next call. */
  return function classify(rows: Int32Array, { rules, held }: NamespacePorts): PortClasses {
    classes.set(classesOf(rules));
    for (const port of held) classes[port]! |= PortClass.blocked;
    for (const row of rows) noteHolder(row);
    const belowMs = reusableBelowMs(rules);
    for (const row of rows) {
      complete(row);
      table.mark(row, Flag.taken, !isReusable(table, row * ROW_WORDS, rules, belowMs));
    }
    return classes;
  };

  function noteHolder(row: number): void {
    const at = row * ROW_WORDS;
    const state = stateOf(table.words, at);
    if (isConnection(state)) return;
    const isListening = state === TcpState.listen;
    classes[localPortOf(table.words, at)]! |=
      PortClass.blocked | (isListening ? PortClass.listening | PortClass.serving : 0);
  }

  function complete(row: number): void {
    const at = row * ROW_WORDS;
    const { words } = table;
    const state = stateOf(words, at);
    if (state === TcpState.synSent) table.mark(row, Flag.dialled, true);
    else if (isConnection(state) && !isEphemeral(classes[localPortOf(words, at)]!)) {
      if (isEphemeral(classes[remotePortOf(words, at)]!)) classes[localPortOf(words, at)]! |= PortClass.serving;
    }
  }

  function classesOf(rules: EphemeralRules | undefined): PortClasses {
    const key = JSON.stringify(rules?.ranges.ipv4);
    const known = byRange.get(key);
    if (known !== undefined) return known;
    if (byRange.size >= MOST_RANGES) byRange.clear();
    const made = new Uint8Array(PORTS);
    markRange(made, rules?.ranges.ipv4, PortClass.ephemeralV4);
    markRange(made, rules?.ranges.ipv6, PortClass.ephemeralV6);
    byRange.set(key, made);
    return made;
  }
}
