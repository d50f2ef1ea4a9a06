import { MissedDeadline } from '../../../model/missed-deadline.ts';
import { TcpState } from '../../../model/tcp-state.ts';
import { localPortOf, ROW_WORDS, stateOf, Word } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { ScrapeBudget, SocketReader } from '../../platform.ts';
import type { ReadBoundTables } from './bound-tables.ts';
import { countRows, decodeBoundTable, decodeTcpTable, portsOf, type TcpTable } from './tcp-table.ts';

/** How the sockets of one scrape are read. */
export interface SocketSources {
  /** One per address family; undefined = the machine lacks it. */
  readonly tables: readonly (() => TcpTable | undefined)[];
  readonly boundTables: ReadBoundTables | undefined;
  /** Called before each scrape: what is known about processes and services is from the previous one. */
  readonly onScrape: () => void;
}

/** Reads all sockets, and keeps the main tables of the last read; their bytes are valid until the next one. */
export type WindowsSocketReader = SocketReader & { readonly lastTables: readonly TcpTable[] };

/**
 * Reads sockets from iphlpapi.dll. If bound sockets cannot be read, their state is unsupported: failing to read bound
 * sockets must not fail the rest.
 */
export function createSocketReader({ tables, boundTables, onScrape }: SocketSources): WindowsSocketReader {
  let seesBound = false;
  let lastTables: readonly TcpTable[] = [];
  return {
    source: 'iphlpapi',
    get unsupportedStates() {
      return seesBound ? [] : [TcpState.bound];
    },
    get lastTables() {
      return lastTables;
    },
    read(table, budget) {
      onScrape();
      lastTables = [];
      for (const read of tables) {
        checkDeadline(table, budget);
        const source = read();
        if (source === undefined) continue;
        decodeTcpTable(source, table);
        lastTables = [...lastTables, source];
      }
      checkDeadline(table, budget);
      const bound = readBound(boundTables);
      if (bound !== undefined) appendBound(bound, table);
      seesBound = bound !== undefined || hasBound(table);
    },
  };
}

function checkDeadline(table: SocketTable, budget: ScrapeBudget): void {
  if (budget.now() > budget.deadlineMs) {
    throw new MissedDeadline('reading the TCP tables', `at ${table.length} sockets`);
  }
}

/** Undefined if the calls are missing or fail, or return something that is not a table. */
function readBound(boundTables: ReadBoundTables | undefined): readonly TcpTable[] | undefined {
  try {
    const bound = boundTables?.();
    for (const source of bound ?? []) countRows(source);
    return bound;
  } catch {
    return undefined; // the state `bound` vanishes from the page, which shows it
  }
}

/** The main tables are not known to show bound sockets; if one does, the sums must include it. */
function hasBound({ words, length }: SocketTable): boolean {
  for (let row = 0; row < length; row++) if (stateOf(words, row * ROW_WORDS) === TcpState.bound) return true;
  return false;
}

function appendBound(bound: readonly TcpTable[], table: SocketTable): void {
  const holders = findHolders(table, portsOf(bound));
  const isInMainTable = (port: number, pid: number) => holders.get(port)?.has(pid) ?? false;
  for (const source of bound) decodeBoundTable(source, table, isInMainTable);
}

/** Which processes have a socket on each of the wanted ports (one flag per port). */
function findHolders(table: SocketTable, wanted: Uint8Array): ReadonlyMap<number, ReadonlySet<number>> {
  const holders = new Map<number, Set<number>>();
  const { words } = table;
  for (let at = 0; at < table.length * ROW_WORDS; at += ROW_WORDS) {
    const port = localPortOf(words, at);
    if (wanted[port] === 0) continue;
    const pid = words[at + Word.owner]!;
    const pids = holders.get(port);
    if (pids === undefined) holders.set(port, new Set([pid]));
    else pids.add(pid);
  }
  return holders;
}
