import type { CollectorName, PlatformName } from '../model/collectors.ts';
import type { Facts } from '../model/snapshot.ts';
import type { ProcessFds } from '../model/socket-counts.ts';
import type { TcpState } from '../model/tcp-state.ts';
import type { SocketTable } from '../table/socket-table.ts';

/**
 * What an operating system gives. Made and used in the collector thread only; every call is synchronous and either
 * returns a value or throws with a cause. Nothing here logs.
 */
export interface Platform {
  readonly name: PlatformName;
  readonly sockets: SocketReader;
  /** Absent where the platform or the source in use cannot tell. */
  readonly closeWait?: SocketReader;
  readonly owners?: OwnerResolver;
  readonly units?: UnitResolver;
  readonly facts: readonly FactCollector[];
  /** What an operator should know at start: sources in use, privileges missing and what that costs. */
  readonly notices: readonly Notice[];
  /** Gives memory back to the OS that was freed, or needed only to start. */
  trimMemory?(): void;
  /** Gives the OS handles back. */
  close(): void;
}

export interface Notice {
  readonly level: 'info' | 'warn';
  readonly message: string;
}

/** What one scrape allows. */
export interface ScrapeBudget {
  /** On the clock of `now`; a reader that passes it throws. */
  readonly deadlineMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Fills an empty table: all sockets, or (closeWait) the CLOSE_WAIT ones with their age in `milliseconds`. */
export interface SocketReader {
  /** Value of `tcpstate_source_info{source}`. */
  readonly source: string;
  /** States whose sockets this source does not show: absent on the page, not zero. */
  readonly unseenStates?: readonly TcpState[];
  /** Whether it compares with the rows of the last read, which the table has kept (`SocketTable.turn`, `keep`, `finish`). */
  readonly comparesRows?: boolean;
  read(table: SocketTable, budget: ScrapeBudget): void;
}

/**
 * Tells the process of each row whose `owner` is not 0 (`setProcess`), or the reason why it cannot tell. A row that was there
 * in the last scrape has what was said of it then; `table.touch` comes before another answer.
 */
export interface OwnerResolver {
  readonly source: string;
  /** All sockets of a scrape: looks for owners it does not know yet, within a time budget of its own. */
  resolve(table: SocketTable, budget: ScrapeBudget): void;
  /** A part of the sockets just resolved (the CLOSE_WAIT ones): answers from memory only. */
  recall(table: SocketTable): void;
  /** File descriptors of the processes that own sockets: of each name, the process nearest to its limit. */
  readFds(): readonly ProcessFds[];
}

/** Names a group of the table. */
export interface UnitResolver {
  readonly source: string;
  /** A 64-bit group id of `table.groups` → unit or container; undefined where nobody can tell. */
  nameOf(groupId: bigint): string | undefined;
}

/** Reads one or more facts that need no socket table. */
export interface FactCollector {
  readonly name: CollectorName;
  readonly source: string;
  collect(): Facts;
}

/** What a platform is opened with. */
export interface PlatformOptions {
  /** Mount points, Linux: `/proc` and `/sys`. */
  readonly procfs: string;
  readonly sysfs: string;
  /** Most milliseconds per scrape spent looking for owners. */
  readonly ownersBudgetMs: number;
  /** Collectors that are on; a platform opens nothing for the others. */
  readonly collectors: ReadonlySet<CollectorName>;
  /**
   * Where the platform notes each descriptor, plus 1, that it has open and Node does not know of; 0 = free. If the thread
   * dies, whoever has given this closes them.
   */
  readonly handles?: Int32Array;
}
