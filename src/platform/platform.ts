import type { CollectorName, PlatformName } from '../model/collectors.ts';
import type { EventFlow, LostEvents } from '../model/connection-events.ts';
import type { ProcessRule } from '../model/file-config.ts';
import type { CgroupPlace, NetnsReadings } from '../model/netns.ts';
import type { Facts } from '../model/snapshot.ts';
import type { ProcessFds } from '../model/socket-counts.ts';
import type { SocketSource } from '../model/socket-source.ts';
import type { TcpState } from '../model/tcp-state.ts';
import type { OtherNamespaces } from '../table/other-namespaces.ts';
import type { SocketTable } from '../table/socket-table.ts';

/**
 * What an operating system provides. Created and used in the collector thread only; every call is synchronous and
 * either returns a value or throws with a cause. Nothing here logs.
 */
export interface Platform {
  readonly name: PlatformName;
  readonly sockets: SocketReader;
  /** Absent if the platform or its current source does not know. */
  readonly closeWait?: SocketReader;
  /** Reads the connections whose program chose the port by bind(); accepted ones are not among them. */
  readonly chosenPorts?: SocketReader;
  /** Reads the listeners with what they dropped (`SocketTable.listenDrops`). */
  readonly listenerDrops?: SocketReader;
  readonly owners?: OwnerResolver;
  readonly units?: UnitResolver;
  /** Rules that processes are named by from the next read on, of a table that was reset. */
  nameProcesses?(rules: readonly ProcessRule[]): void;
  /** Whether the connection of a row uses TCP timestamps; undefined if it is gone. */
  usesTimestamps?(table: SocketTable, row: number): boolean | undefined;
  /** Name of an interface by its index, which is the scope of addresses in the table; undefined if it is gone. */
  readonly nameOfInterface?: (index: number) => string | undefined;
  readonly facts: readonly FactCollector[];
  /** Reads the other network namespaces of the host. Absent if it is off, or the platform has none. */
  readonly netns?: NetnsReader;
  /** Who opens and closes connections. Absent if it is off, or the platform cannot tell. */
  readonly events?: ConnectionEvents;
  /** What an operator should know at start: sources in use, missing privileges and what is unknown without them. */
  readonly notices: readonly Notice[];
  /** Times that a source was switched off since start, by reason; absent where there is no choice of sources. */
  readonly sourceRejections?: Readonly<Record<string, number>>;
  /** Called when a collection is done and nobody waits: for what the next one is not to wait for. */
  betweenCollections?(): void;
  /** Returns memory to the OS that was freed, or needed only at start. */
  trimMemory?(): void;
  /** Closes the OS handles. */
  close(): void;
}

export interface Notice {
  readonly level: 'info' | 'warn';
  readonly message: string;
}

/** The limits of one scrape. */
export interface ScrapeBudget {
  /** On the clock of `now`; a reader that exceeds it throws. */
  readonly deadlineMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * Reads all sockets, or (closeWait) the CLOSE_WAIT ones with their age in `milliseconds`, into a table that was reset, or turned where
 * the reader compares (`src/table/README.md`).
 */
export interface SocketReader {
  /** Value of `tcpstate_source_info{source}`. */
  readonly source: string;
  /** Why it is not the source that was there at first. */
  readonly sourceReason?: string | undefined;
  /** States whose sockets this source does not show: absent on the page, not zero. */
  readonly unsupportedStates?: readonly TcpState[];
  /**
   * Whether it compares with the rows of the last read, which the table has kept (`SocketTable.turn`, `keep`,
   * `finish`).
   */
  readonly comparesRows?: boolean;
  /** `others`, which was reset: for the sockets of the other network namespaces, from a source that tells of them. */
  read(table: SocketTable, budget: ScrapeBudget, others?: OtherNamespaces): void;
}

/**
 * Sets the process of each row whose `owner` is not 0 (`table.setOwner`), or the reason why it is unknown. An earlier
 * row keeps its answer unless it changed.
 */
export interface OwnerResolver {
  readonly source: string;
  /** Why it is not the one it was. */
  readonly sourceReason?: string | undefined;
  /** For all sockets of a scrape: searches for unknown owners, within its own time budget. */
  resolve(table: SocketTable, budget: ScrapeBudget): void;
  /** For a part of the sockets just resolved (the CLOSE_WAIT ones): answers from memory only. */
  recall(table: SocketTable): void;
  /** File descriptors of the processes that own sockets: per name, of the process nearest to its limit. */
  readFds(): readonly ProcessFds[];
}

/** Names a group of the table. */
export interface UnitResolver {
  readonly source: string;
  /** A 64-bit group id of `table.groups` → unit or container; undefined if unknown. */
  nameOf(groupId: bigint): string | undefined;
}

/** Reads one or more facts that need no socket table. */
export interface FactCollector {
  readonly name: CollectorName;
  readonly source: string;
  collect(): Facts;
}

/** Reads the network namespaces beside the exporter's own. */
export interface NetnsReader {
  readonly source: string;
  /** One that fails loses itself only; throws if all do. `withSockets`: numbers of namespaces that are there, whether a process is seen or not. */
  read(budget: ScrapeBudget, withSockets?: ReadonlySet<number>): NetnsReadings;
  /** Of sockets of these namespaces, in a table of their own; to be asked after `read`. */
  readonly owners?: Pick<OwnerResolver, 'resolve'>;
  /** The container or unit that a cgroup belongs to, by its id; undefined if unknown. */
  placeOf?(cgroupId: bigint): CgroupPlace | undefined;
}

/** What was seen of connections as they were opened and closed. */
export interface ConnectionEvents {
  readonly source: string;
  /** Sets process and group of the rows whose cookies the table has noted, or their group only. */
  settle(table: SocketTable, withProcesses: boolean): void;
  /** The same for sockets of other network namespaces. */
  settleOthers?(others: OtherNamespaces, withProcesses: boolean): void;
  /** What each flow has counted since the last read. `nowMs`: monotonic. */
  read(nowMs: number, each: (flow: EventFlow) => void): LostEvents;
}

/** The options of a platform. */
export interface PlatformOptions {
  /** Mount points, Linux: `/proc` and `/sys`. */
  readonly procfs: string;
  readonly sysfs: string;
  /** Folder with the kubelet's `pods` and `containers`, Linux: `/var/log`. */
  readonly kubeletLogs: string;
  /** Most milliseconds per scrape for finding owners. */
  readonly ownersBudgetMs: number;
  /** Linux; absent = `auto`. */
  readonly socketSource?: SocketSource;
  /** Enabled collectors; a platform opens nothing for the others. */
  readonly collectors: ReadonlySet<CollectorName>;
  /**
   * Where the platform records each open descriptor, plus 1, that Node does not know of; 0 = free. If the thread dies,
   * the owner of this array closes them.
   */
  readonly handles?: Int32Array;
}
