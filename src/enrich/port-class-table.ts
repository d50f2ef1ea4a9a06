import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import { type EphemeralRange, ephemeralPortFlags } from '../model/port-range.ts';
import { TcpState } from '../model/tcp-state.ts';
import { isConnection } from '../table/connection-states.ts';
import { PortClass, type PortClasses } from '../table/port-classes.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { localPortOf, stateOf } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { ServiceSearch } from './service-ports.ts';

const PORTS = 65_536;

/**
 * Classes of all ports, from the rows and the ephemeral ranges, if known. A port that had a listener serves until the
 * last connection accepted there is gone; `findServices` finds serving ports without a listener.
 */
export class PortClassTable {
  /** A new array when a class or a range changes; never modified. */
  classes: PortClasses = new Uint8Array(PORTS);
  readonly #listeners = new Int32Array(PORTS);
  readonly #bound = new Int32Array(PORTS);
  readonly #services = new ServiceSearch();
  #hasHoldersMoved = true;
  #ranges: string | undefined;
  /** What the kernel said last of ports held against every connect(). */
  #held: Uint8Array | undefined;

  /** All rows are recounted; which ports served is remembered. */
  reset(): void {
    for (const counts of [this.#listeners, this.#bound]) counts.fill(0);
    this.#services.reset();
    this.#hasHoldersMoved = true;
  }

  /** Counts rows that come (`step` 1) or go (−1). */
  count(rows: Rows, step: 1 | -1): void {
    const { words } = rows;
    for (let index = 0; index < rows.length; index++) {
      const at = positionOf(rows, index);
      const state = stateOf(words, at);
      if (isConnection(state)) this.#services.count(words, at, step);
      else {
        const holders = state === TcpState.listen ? this.#listeners : this.#bound;
        holders[localPortOf(words, at)]! += step;
        this.#hasHoldersMoved = true;
      }
    }
  }

  /** Updates the classes and flags every port whose class changed. */
  update(table: SocketTable, rules: EphemeralRules | undefined, changedPorts: Uint8Array): void {
    const ranges = JSON.stringify(rules?.ranges);
    const { heldPorts } = table;
    const hasHeldMoved = !isSame(heldPorts, this.#held);
    const isOther = this.#hasHoldersMoved || ranges !== this.#ranges || (hasHeldMoved && heldPorts === undefined);
    if (!isOther && !hasHeldMoved && this.#services.moved.length === 0) return;
    const classes = isOther ? this.#classesOf(rules) : this.classes;
    const idle = isOther ? [] : this.#findIdle();
    const found = this.#services.find(table, classes, isOther);
    this.#hasHoldersMoved = false;
    this.#ranges = ranges;
    this.#held = heldPorts;
    if (!isOther && !hasHeldMoved && idle.length === 0 && found.length === 0) return;
    this.#replace(isOther ? classes : classes.slice(), idle, found, changedPorts);
  }

  #replace(classes: PortClasses, idle: readonly number[], found: readonly number[], changedPorts: Uint8Array): void {
    for (const port of idle) {
      classes[port]! &= ~PortClass.serving;
      if (this.#bound[port] === 0) classes[port]! &= ~PortClass.blocked;
    }
    for (const port of found) classes[port]! |= PortClass.serving | PortClass.blocked;
    if (this.#held !== undefined) this.#markHeld(classes, this.#held);
    const old = this.classes;
    for (let port = 0; port < PORTS; port++) if (classes[port] !== old[port]) changedPorts[port] = 1;
    this.classes = classes;
  }

  /** What the kernel says goes before what the rows suggest, but for listeners and bound sockets: they may have come since. */
  #markHeld(classes: PortClasses, held: Uint8Array): void {
    for (let port = 0; port < PORTS; port++) {
      const hasHolder = this.#listeners[port] !== 0 || this.#bound[port] !== 0;
      classes[port]! &= ~(PortClass.blocked | PortClass.bound);
      if (hasHolder) classes[port]! |= PortClass.blocked;
      else if (held[port] === 1)
        classes[port]! |= PortClass.blocked | ((classes[port]! & PortClass.serving) === 0 ? PortClass.bound : 0);
    }
  }

  #classesOf(rules: EphemeralRules | undefined): PortClasses {
    const classes = new Uint8Array(PORTS);
    markRange(classes, rules?.ranges.ipv4, PortClass.ephemeralV4);
    markRange(classes, rules?.ranges.ipv6, PortClass.ephemeralV6);
    const [listeners, bound, old] = [this.#listeners, this.#bound, this.classes];
    for (let port = 0; port < PORTS; port++) {
      if (listeners[port] !== 0) classes[port]! |= PortClass.listening | PortClass.serving | PortClass.blocked;
      else if (bound[port] !== 0) classes[port]! |= PortClass.blocked;
      if (old[port] !== 0 && this.#servesStill(port)) classes[port]! |= PortClass.serving | PortClass.blocked;
    }
    return classes;
  }

  /** Ports that served without a listener, and have no connection left. */
  #findIdle(): readonly number[] {
    const idle: number[] = [];
    const { ports, length } = this.#services.moved;
    for (let index = 0; index < length; index++) {
      const port = ports[index]!;
      const isServing = (this.classes[port]! & (PortClass.serving | PortClass.listening)) === PortClass.serving;
      if (isServing && !this.#servesStill(port)) idle.push(port);
    }
    return idle;
  }

  #servesStill(port: number): boolean {
    return (this.classes[port]! & PortClass.serving) !== 0 && this.#services.hasConnections(port);
  }
}

function isSame(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return Buffer.compare(one, other) === 0;
}

/** Sets `bit` of every port that the range gives out, and `odd` of those at odd offsets. */
export function markRange(classes: PortClasses, range: EphemeralRange | undefined, bit: number): void {
  if (range === undefined) return;
  const flags = ephemeralPortFlags(range);
  for (let port = range.first; port <= range.last; port++) {
    if (flags[port] === 1) classes[port]! |= bit | ((port - range.first) % 2 === 1 ? PortClass.odd : 0);
  }
}
