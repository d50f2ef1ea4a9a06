import { isConnection } from '../table/connection-states.ts';
import { isEphemeral, PortClass, type PortClasses } from '../table/port-classes.ts';
import { PortSet } from '../table/port-set.ts';
import { Flag, hasFlag, localPortOf, ROW_WORDS, type RowWords, remotePortOf, stateOf } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';

const PORTS = 65_536;
/** So many sockets more than usual must share a port of the range: the OS gives one port to many destinations. */
const MANY_OF_EPHEMERAL = 16;
/** How much more a port of the range must be shared than the ports of its peers, and than the other ports of the range. */
const EPHEMERAL_FACTOR = 4;

/**
 * Finds ports without a listener that peers connected to: a server that drains, or a transparent proxy. Of the two ports of a
 * connection the service's is the one that more sockets share. With one socket each, a port outside the ephemeral range
 * serves a peer on a port of the range. Rows are gone through only when an answer may have changed.
 */
export class ServiceSearch {
  /** Sockets that have a peer, by their own port and by that of the peer. */
  readonly #sockets = new Int32Array(PORTS);
  readonly #remotes = new Int32Array(PORTS);
  /** Ports where such sockets came or went since the last search, and the ports of their peers. */
  readonly #moved = new PortSet();
  readonly #movedRemotes = new PortSet();
  readonly #candidates = new Set<number>();
  /** The last election: who stood for it, and 1 for each port of their peers. */
  #elected: readonly number[] = [];
  #electors = new Uint8Array(0);

  reset(): void {
    this.#sockets.fill(0);
    this.#remotes.fill(0);
  }

  /** A row that has a peer comes (`step` 1) or goes (−1). */
  count(words: RowWords, at: number, step: 1 | -1): void {
    const port = localPortOf(words, at);
    const remotePort = remotePortOf(words, at);
    this.#sockets[port]! += step;
    this.#remotes[remotePort]! += step;
    this.#moved.add(port);
    this.#movedRemotes.add(remotePort);
  }

  hasConnections(port: number): boolean {
    return this.#sockets[port] !== 0;
  }

  /** Ports where sockets came or went since the last search. */
  get moved(): PortSet {
    return this.#moved;
  }

  /** `isOther`: the classes are not those of the last search. */
  find(table: SocketTable, classes: PortClasses, isOther: boolean): readonly number[] {
    if (isOther) for (let port = 0; port < PORTS; port++) this.#moved.add(port);
    const areOthers = this.#updateCandidates(classes) || isOther;
    const standing = this.#candidates.size === 0 ? [] : this.#overTheUsual(classes);
    const isDue = standing.length > 0 && (areOthers || this.#haveElectorsMoved() || !isSame(standing, this.#elected));
    this.#moved.clear();
    this.#movedRemotes.clear();
    this.#elected = standing;
    return isDue ? this.#elect(standing, table, classes) : [];
  }

  /** Returns whether sockets of a candidate came or went. */
  #updateCandidates(classes: PortClasses): boolean {
    const { ports, length } = this.#moved;
    const candidates = this.#candidates;
    let areOthers = false;
    for (let index = 0; index < length; index++) {
      const port = ports[index]!;
      const least = isEphemeral(classes[port]!) ? MANY_OF_EPHEMERAL : 1;
      const isCandidate = this.#sockets[port]! >= least && (classes[port]! & PortClass.serving) === 0;
      if (isCandidate) candidates.add(port);
      if (isCandidate || candidates.delete(port)) areOthers = true;
    }
    return areOthers;
  }

  /** Those of the candidates that have more sockets than clients would give them. */
  #overTheUsual(classes: PortClasses): readonly number[] {
    let most: ((port: number) => number) | undefined;
    return [...this.#candidates].filter((port) => {
      if (!isEphemeral(classes[port]!)) return true;
      most ??= mostOfClients(this.#sockets, classes);
      return this.#sockets[port]! >= most(port);
    });
  }

  #haveElectorsMoved(): boolean {
    const { ports, length } = this.#movedRemotes;
    for (let index = 0; index < length; index++) if (this.#electors[ports[index]!] === 1) return true;
    return false;
  }

  /** Those that most of their sockets speak for. */
  #elect(standing: readonly number[], table: SocketTable, classes: PortClasses): readonly number[] {
    const isStanding = new Uint8Array(PORTS);
    for (const port of standing) isStanding[port] = 1;
    const votes = new Int32Array(PORTS);
    const electors = new Uint8Array(PORTS);
    const { words } = table;
    for (let at = 0; at < table.length * ROW_WORDS; at += ROW_WORDS) {
      const port = localPortOf(words, at);
      if (isStanding[port] === 0 || !isConnection(stateOf(words, at))) continue;
      const remotePort = remotePortOf(words, at);
      electors[remotePort] = 1;
      votes[port]! += !hasFlag(words, at, Flag.dialled) && this.#isServiceFor(remotePort, port, classes) ? 1 : -1;
    }
    this.#electors = electors;
    const found = standing.filter((port) => votes[port]! > 0);
    for (const port of found) this.#candidates.delete(port);
    return found;
  }

  #isServiceFor(remotePort: number, port: number, classes: PortClasses): boolean {
    const own = this.#sockets[port]!;
    const ofPeer = this.#remotes[remotePort]!;
    if (isEphemeral(classes[port]!)) return own > ofPeer * EPHEMERAL_FACTOR;
    return own > ofPeer || (own === 1 && ofPeer === 1 && isEphemeral(classes[remotePort]!));
  }
}

function isSame(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((port, index) => port === right[index]);
}

/**
 * The sockets that a port of the range has at most when it belongs to clients: a program that dials very many peers uses all
 * ports of the range about alike, or those of one parity.
 */
function mostOfClients(sockets: Int32Array, classes: PortClasses): (port: number) => number {
  let all = 0;
  let ports = 0;
  for (let port = 0; port < PORTS; port++) {
    if (!isEphemeral(classes[port]!) || (classes[port]! & PortClass.serving) !== 0) continue;
    all += sockets[port]!;
    ports++;
  }
  return (port) => MANY_OF_EPHEMERAL + EPHEMERAL_FACTOR * ((all - sockets[port]!) / Math.max(1, ports - 1));
}
