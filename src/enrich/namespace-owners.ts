import type { CgroupPlace } from '../model/netns.ts';
import type { NetnsLabels, NetnsOwner } from '../model/netns-sockets.ts';
import { UNKNOWN_NAME } from '../table/name-table.ts';
import type { OtherNamespaces } from '../table/other-namespaces.ts';
import { groupOf, Reason, ROW_WORDS, reasonOf, Word } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { inheritOwners } from './inherit-owners.ts';
import { findAwaited, listenersByPort } from './listeners-by-port.ts';

/** Whose a network namespace is; `container` is the only one in it, else empty. */
export type NamespaceOwner = NetnsLabels & { readonly container: string };

/** A number above all ids of names, for keys made of two. */
const MOST_NAMES = 2 ** 24;
const NO_ROWS: readonly number[] = [];

/**
 * Gives each row of a named network namespace, in place of its process's name, one that stands for namespace, container, unit and process
 * together: that of its socket, or of the listener that it came through. Of a socket that has none the namespace's only container is known.
 */
export class NamespaceOwners {
  /** By their names in `table.processNames`. */
  readonly byName = new Map<string, NetnsOwner>();
  readonly #others: OtherNamespaces;
  readonly #placeOf: (cgroupId: bigint) => CgroupPlace | undefined;
  readonly #places = new Map<number, CgroupPlace | undefined>();
  #listeners: ReadonlyMap<number, readonly number[]> = new Map();
  #awaited: ReadonlySet<number> = new Set();

  constructor(others: OtherNamespaces, placeOf: (cgroupId: bigint) => CgroupPlace | undefined) {
    this.#others = others;
    this.#placeOf = placeOf;
  }

  /** Starts a scrape: all rows were read anew. */
  begin(): void {
    const { table } = this.#others;
    this.byName.clear();
    this.#places.clear();
    this.#listeners = listenersByGroup(table);
    this.#awaited = findAwaited(table);
  }

  /** `rows`: all of one namespace; `owner`: undefined of one that counts in `other`. */
  complete(rows: Int32Array, owner: NamespaceOwner | undefined): void {
    const { table } = this.#others;
    if (rows.length === 0) return;
    if (owner === undefined) {
      for (const row of rows) table.setOwner(row, UNKNOWN_NAME, Reason.none);
      return;
    }
    const idOf = this.#namesOf(owner);
    for (const row of rows) {
      const at = row * ROW_WORDS;
      const process = table.words[at + Word.process]!;
      if (process === UNKNOWN_NAME && table.words[at + Word.owner] === 0) continue;
      table.setOwner(row, idOf(this.#others.cgroupOf(row), process), reasonOf(table.words, at));
    }
    const group = groupOf(table.words, rows[0]! * ROW_WORDS);
    const listeners = listenersByPort(table, this.#listeners.get(group) ?? NO_ROWS, this.#awaited);
    inheritOwners(table, { words: table.words, length: rows.length, numbers: rows }, listeners, true);
    for (const row of rows) {
      if (table.words[row * ROW_WORDS + Word.process] !== UNKNOWN_NAME) continue;
      table.setOwner(row, idOf(this.#others.cgroupOf(row), UNKNOWN_NAME), Reason.none);
    }
  }

  /** The id of a name by cgroup and process of a row; neighbours often have the same. */
  #namesOf(owner: NamespaceOwner): (cgroup: number, process: number) => number {
    const ids = new Map<number, number>();
    let lastKey = -1;
    let lastId = UNKNOWN_NAME;
    return (cgroup, process) => {
      const key = cgroup * MOST_NAMES + process;
      if (key === lastKey) return lastId;
      const id = ids.get(key) ?? this.#intern(owner, cgroup, process);
      ids.set(key, id);
      lastKey = key;
      lastId = id;
      return id;
    };
  }

  #intern({ netns, namespace, pod, container: only }: NamespaceOwner, cgroup: number, process: number): number {
    const { processNames } = this.#others.table;
    const { container, unit } = this.#placeOfIndex(cgroup) ?? { container: only, unit: '' };
    const name = processNames.nameOf(process);
    const text = JSON.stringify([netns, container, unit, name]);
    this.byName.set(text, { netns, namespace, pod, container, unit, process: name });
    return processNames.intern(text);
  }

  #placeOfIndex(cgroup: number): CgroupPlace | undefined {
    if (cgroup === 0) return undefined;
    if (!this.#places.has(cgroup)) this.#places.set(cgroup, this.#placeOf(this.#others.cgroups.idOf(cgroup)));
    return this.#places.get(cgroup);
  }
}

/** Numbers of the LISTEN rows of each namespace. */
function listenersByGroup({ listeners, words }: SocketTable): ReadonlyMap<number, readonly number[]> {
  const byGroup = new Map<number, number[]>();
  for (const row of listeners) {
    const group = groupOf(words, row * ROW_WORDS);
    const rows = byGroup.get(group);
    if (rows === undefined) byGroup.set(group, [row]);
    else rows.push(row);
  }
  return byGroup;
}
