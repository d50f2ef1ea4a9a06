import type { OtherNamespaces } from '../../../table/other-namespaces.ts';
import { COOKIE_WORDS, IS_SETTLED } from '../../../table/socket-cookies.ts';
import { Flag, groupOf, hasFlag, Reason, ROW_WORDS, reasonOf } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { EventOwners } from './event-owners.ts';

/** The map tcpstate_conns of c/events.bpf.c, in words. */
const WAYS = 4;
const WAY = { words: 4, cookie: 0, owner: 2, stamp: 3 } as const;
const BUCKETS = 65_536;
const BUCKET_WORDS = WAYS * WAY.words;
export const CONNECTIONS_BYTES = BUCKETS * BUCKET_WORDS * 4;
const OWNER_MASK = 0xffffff;
const HAS_ENDED = 4 << 24;
/** As c/events.bpf.c: after it nobody asks for a connection that has ended. */
const TIME_WAIT_MS = 60_000;

/** Id of a process name in a table, and of a group. */
interface RowOwner {
  readonly process: number;
  readonly group: number;
}

/** Connections that were opened or closed since the programs are attached, by the cookie of their socket. */
export class KnownConnections {
  readonly #words: Int32Array;
  /** By number of owner, with ids of the last table. */
  #rowOwners: (RowOwner | undefined)[] = [];
  /** Of the names that settled rows have. */
  #round = 0;

  /** `words`: memory that the kernel writes. */
  constructor(words: Int32Array) {
    this.#words = words;
  }

  /**
   * Sets process and group of the rows whose cookies the table has noted. A row that is not known here, though an earlier socket of the
   * same addresses was, has neither. Rows that were settled in the last scrape are not looked up: memory that is read here and there is
   * what costs.
   */
  settle(table: SocketTable, owners: EventOwners, withProcesses: boolean): void {
    const isAnew = table.changes.isFullRecount || owners.round !== this.#round;
    this.#round = owners.round;
    if (isAnew) this.#rowOwners = [];
    const cookies = table.cookies!;
    const { words: noted } = cookies;
    const length = isAnew || cookies.unsettled > 0 ? cookies.length : 0;
    for (let at = 0; at < length; at += COOKIE_WORDS) {
      const row = noted[at]! & ~IS_SETTLED;
      if (noted[at] !== row && !isAnew) continue;
      const owner = this.#ownerOf(this.#find(noted[at + 1]!, noted[at + 2]!), table, owners);
      if (owner === undefined) forget(table, row);
      else give(table, row, withProcesses ? owner.process : 0, owner.group);
    }
    cookies.settle();
  }

  /** The same for rows of other network namespaces, read anew in each scrape, whose group is their namespace. */
  settleOthers(others: OtherNamespaces, owners: EventOwners, withProcesses: boolean): void {
    const { table } = others;
    const { words: noted, length } = table.cookies!;
    for (let at = 0; at < length; at += COOKIE_WORDS) {
      const number = this.#find(noted[at + 1]!, noted[at + 2]!);
      const owner = number < 0 ? undefined : owners.find(number);
      if (owner === undefined) continue;
      others.noteCgroup(noted[at]!, owner.low, owner.high);
      if (withProcesses) table.setOwner(noted[at]!, table.processNames.intern(owner.name), Reason.witnessed);
    }
  }

  /** Owners of connections that are open or of which something is left. `nowMs`: on the clock of the kernel's bpf_ktime_get_ns(). */
  *owners(nowMs: number): Generator<number> {
    const words = this.#words;
    const stamp = Math.trunc(nowMs) | 0;
    for (let at = 0; at < words.length; at += WAY.words) {
      if (words[at] === 0 && words[at + 1] === 0) continue;
      const owner = words[at + WAY.owner]!;
      const isOver = (owner & HAS_ENDED) !== 0 && ((stamp - words[at + WAY.stamp]!) | 0) > TIME_WAIT_MS;
      if (!isOver) yield owner & OWNER_MASK;
    }
  }

  #ownerOf(number: number, table: SocketTable, owners: EventOwners): RowOwner | undefined {
    if (number < 0) return undefined;
    const known = this.#rowOwners[number];
    if (known !== undefined) return known;
    const owner = owners.find(number);
    if (owner === undefined) return undefined;
    const rowOwner = {
      process: table.processNames.intern(owner.name),
      group: table.groups.intern(owner.low, owner.high),
    };
    this.#rowOwners[number] = rowOwner;
    return rowOwner;
  }

  /** Number of the owner, −1 of a connection that is not known. */
  #find(low: number, high: number): number {
    const words = this.#words;
    if ((low | high) === 0) return -1;
    const start = (low & (BUCKETS - 1)) * BUCKET_WORDS;
    for (let at = start; at < start + BUCKET_WORDS; at += WAY.words)
      if (words[at] === low && words[at + 1] === high) return words[at + WAY.owner]! & OWNER_MASK;
    return -1;
  }
}

function give(table: SocketTable, row: number, process: number, group: number): void {
  const { words } = table;
  const at = row * ROW_WORDS;
  const isNews = reasonOf(words, at) !== Reason.witnessed || groupOf(words, at) !== group;
  if (isNews && hasFlag(words, at, Flag.inheritedGroup)) table.setGroup(row, group);
  table.setOwner(row, process, Reason.witnessed, group);
}

/** Another socket may have taken the place of the one that the row was about. */
function forget(table: SocketTable, row: number): void {
  if (reasonOf(table.words, row * ROW_WORDS) !== Reason.witnessed) return;
  table.setGroup(row, 0);
  table.setOwner(row, 0, Reason.none);
}
