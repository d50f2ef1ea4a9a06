import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import { createGroupTable } from './group-table.ts';
import { groupOf, ROW_WORDS } from './socket-row.ts';
import { INITIAL_ROWS } from './socket-rows.ts';
import { SocketTable } from './socket-table.ts';

/** What decides about the ports of one network namespace. */
export interface NamespacePorts {
  /** Undefined if this kernel does not tell its range. */
  readonly rules: EphemeralRules | undefined;
  /** Ports that no connect() gets there, whatever its destination. */
  readonly held: number[];
  /** As `SocketTable.portRanges`. */
  readonly portRanges: Set<number>;
}

/** The sockets of the network namespaces beside the exporter's own, read anew in each scrape. */
export class OtherNamespaces {
  /** The id of a row's group is the number of its namespace, that in `net:[…]`. */
  readonly table = new SocketTable();
  /** Every namespace of the host but the exporter's own, also one without a socket, by its number. */
  readonly byNumber = new Map<number, NamespacePorts>();
  /** The cgroups that created the sockets. */
  readonly cgroups = createGroupTable();
  /** Whether the source tells of them at all. */
  isKnown = false;
  /** Whether bound sockets are among the rows. */
  hasBound = false;
  /** By row: index in `cgroups`. */
  #cgroupOf = new Uint16Array(INITIAL_ROWS);

  noteCgroup(row: number, low: number, high: number): void {
    if (row >= this.#cgroupOf.length) {
      const larger = new Uint16Array(this.table.capacity);
      larger.set(this.#cgroupOf);
      this.#cgroupOf = larger;
    }
    this.#cgroupOf[row] = this.cgroups.intern(low, high);
  }

  /** Index in `cgroups` of the cgroup that created a row's socket; 0 = not known. */
  cgroupOf(row: number): number {
    return this.#cgroupOf[row] ?? 0;
  }

  /** Numbers of the rows of each namespace that has one. */
  rowsByNamespace(): ReadonlyMap<number, Int32Array> {
    const { words, length, groups } = this.table;
    const counts = new Int32Array(groups.length);
    for (let at = 0; at < length * ROW_WORDS; at += ROW_WORDS) counts[groupOf(words, at)]!++;
    const lists = Array.from(counts, (count) => new Int32Array(count));
    counts.fill(0);
    for (let row = 0; row < length; row++) {
      const group = groupOf(words, row * ROW_WORDS);
      lists[group]![counts[group]!++] = row;
    }
    return new Map(lists.flatMap((rows, group) => (rows.length === 0 ? [] : [[Number(groups.idOf(group)), rows]])));
  }

  reset(): void {
    this.#cgroupOf.fill(0, 0, this.table.length);
    if (this.#cgroupOf.length > this.table.capacity) this.#cgroupOf = new Uint16Array(this.table.capacity);
    this.table.reset();
    this.cgroups.reset();
    this.byNumber.clear();
    this.isKnown = false;
    this.hasBound = false;
  }
}
