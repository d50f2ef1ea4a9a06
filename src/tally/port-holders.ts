import type { PortHolder } from '../model/socket-counts.ts';
import { TcpState } from '../model/tcp-state.ts';
import { OTHER_LABEL } from '../table/name-table.ts';
import { isEphemeral, isOnEphemeralPort, type PortClasses } from '../table/port-classes.ts';
import { PortSet } from '../table/port-set.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { localPortOf, ROW_WORDS, type RowWords, remotePortOf, stateOf, Word } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { keepLargest } from './counting/largest-values.ts';

const PORTS = 65_536;
/** Ports held for a shorter time come and go: each would be a series of its own for as long. */
const LONG_MS = 3_600_000;

/**
 * Listening sockets on ports that the OS hands out: when they restart, the port may be taken. The rest is in `other`.
 */
export function countEphemeralListeners(
  table: CountedTable,
  classes: PortClasses,
  limit: number,
): readonly PortHolder[] {
  const { words } = table;
  const rows = table.listeners.filter((row) => isEphemeral(classes[localPortOf(words, row * ROW_WORDS)]!));
  const counts = new PortCounts(table);
  for (const row of rows) counts.add(row * ROW_WORDS);
  const { cells } = keepLargest(counts.cells(), limit, ({ sockets }) => sockets, textOf);
  const others = cells.reduce((rest, { sockets }) => rest - sockets, rows.length);
  return others === 0 ? cells : [...cells, { localPort: OTHER_LABEL, process: OTHER_LABEL, sockets: others }];
}

/**
 * The ports of the range that outbound sockets have held longest, and whose they are: a service that wants one of them
 * cannot start. In TIME_WAIT they do not hold it against SO_REUSEADDR.
 */
export class PortHolders {
  readonly #sockets = new Int32Array(PORTS);
  /** Process of the sockets on a port, and 1 for a port whose sockets are those of several processes. */
  readonly #process = new Int32Array(PORTS);
  readonly #isShared = new Uint8Array(PORTS);
  /** Sockets connected to themselves, which keep their port from the service that they dialled. */
  readonly #toThemselves = new Map<number, number>();
  /** Since when a port is held, in milliseconds: those held longest come first. */
  readonly #since = new Map<number, number>();
  /** Where such sockets came or went since the last selection. */
  readonly #moved = new PortSet();
  #isFirst = true;

  reset(): void {
    for (const port of this.#since.keys()) this.#moved.add(port);
    this.#sockets.fill(0);
    this.#toThemselves.clear();
  }

  count(rows: Rows, step: 1 | -1, classes: PortClasses): void {
    const { words } = rows;
    for (let index = 0; index < rows.length; index++) {
      const at = positionOf(rows, index);
      if (!isHolder(words, at, classes)) continue;
      const port = localPortOf(words, at);
      if (step > 0) this.#noteProcess(port, words[at + Word.process]!);
      this.#sockets[port]! += step;
      this.#moved.add(port);
      if (isToItself(words, at)) this.#countToItself(port, step);
    }
  }

  /**
   * The `limit` ports held longest, among those held for an hour, since the first scrape, or by a socket connected to
   * itself.
   */
  select(table: CountedTable, classes: PortClasses, limit: number, nowMs: number): readonly PortHolder[] {
    this.#noteMoved(this.#isFirst ? Number.NEGATIVE_INFINITY : nowMs);
    this.#isFirst = false;
    const held = [...this.#toThemselves.keys()].sort((left, right) => left - right).slice(0, limit);
    for (const [port, since] of this.#since) {
      if (held.length === limit || nowMs - since < LONG_MS) break;
      if (!this.#toThemselves.has(port)) held.push(port);
    }
    return held.length === 0 ? [] : this.#holdersOf(table, classes, held).slice(0, limit);
  }

  /** To be called before the socket is counted. */
  #noteProcess(port: number, process: number): void {
    if (this.#sockets[port] === 0) {
      this.#process[port] = process;
      this.#isShared[port] = 0;
    } else if (this.#process[port] !== process) this.#isShared[port] = 1;
  }

  /** A port is held on where a socket takes the place of another between two scrapes. */
  #noteMoved(sinceMs: number): void {
    for (const port of this.#moved.ports.subarray(0, this.#moved.length).sort()) {
      if (this.#sockets[port] === 0) this.#since.delete(port);
      else if (!this.#since.has(port)) this.#since.set(port, sinceMs);
    }
    this.#moved.clear();
  }

  #holdersOf(table: CountedTable, classes: PortClasses, ports: readonly number[]): readonly PortHolder[] {
    if (ports.some((port) => this.#isShared[port] === 1)) return countHolders(table, classes, ports);
    return ports.map((port) => ({
      localPort: String(port),
      process: table.processNames.nameOf(this.#process[port]!),
      sockets: this.#sockets[port]!,
    }));
  }

  #countToItself(port: number, step: 1 | -1): void {
    const sockets = (this.#toThemselves.get(port) ?? 0) + step;
    if (sockets === 0) this.#toThemselves.delete(port);
    else this.#toThemselves.set(port, sockets);
  }
}

/** Goes through all rows, for ports that several processes share. */
function countHolders(table: CountedTable, classes: PortClasses, ports: readonly number[]): readonly PortHolder[] {
  const isWanted = new Uint8Array(PORTS);
  for (const port of ports) isWanted[port] = 1;
  const counts = new PortCounts(table, ports);
  const { words } = table;
  for (let at = 0; at < table.length * ROW_WORDS; at += ROW_WORDS) {
    if (isWanted[localPortOf(words, at)] === 1 && isHolder(words, at, classes)) counts.add(at);
  }
  return counts.cells();
}

function isHolder(words: RowWords, at: number, classes: PortClasses): boolean {
  const state = stateOf(words, at);
  return state !== TcpState.bound && state !== TcpState.timeWait && isOnEphemeralPort(words, at, classes);
}

function isToItself(words: RowWords, at: number): boolean {
  return (
    localPortOf(words, at) === remotePortOf(words, at) &&
    words[at + Word.localAddress] === words[at + Word.remoteAddress]
  );
}

/** Rows by local port and process, in the order of `ports`, then as they come. */
class PortCounts {
  readonly #table: CountedTable;
  readonly #byPort: Map<number, Map<number, number>>;

  constructor(table: CountedTable, ports: readonly number[] = []) {
    this.#table = table;
    this.#byPort = new Map(ports.map((port) => [port, new Map()]));
  }

  add(at: number): void {
    const { words } = this.#table;
    const port = localPortOf(words, at);
    const process = words[at + Word.process]!;
    const byProcess = this.#byPort.get(port) ?? new Map<number, number>();
    this.#byPort.set(port, byProcess);
    byProcess.set(process, (byProcess.get(process) ?? 0) + 1);
  }

  cells(): PortHolder[] {
    const { processNames } = this.#table;
    return [...this.#byPort].flatMap(([port, byProcess]) =>
      [...byProcess].map(([process, sockets]) => {
        return { localPort: String(port), process: processNames.nameOf(process), sockets };
      }),
    );
  }
}

function textOf({ localPort, process }: PortHolder): string {
  return `${localPort.padStart(5, '0')} ${process}`;
}
