import { formatAddress } from '../model/ip-address.ts';
import { stateLabel, type TcpState } from '../model/tcp-state.ts';
import { Family } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';

/** The sockets of one reading as texts, each with its number. */
export interface Cells {
  /** `established 10.0.0.5:49712 10.0.0.9:1433 pid 4321` → sockets. */
  readonly sockets: ReadonlyMap<string, number>;
  /** `established ipv4` → sockets. */
  readonly totals: ReadonlyMap<string, number>;
}

export interface CellOptions {
  /** The meaning of an owner number. */
  readonly ownerIs: string;
  /** Sockets of other states are left out. */
  readonly shows: (state: TcpState) => boolean;
  /** Whether to leave the state of a socket open, because one of the readings cannot tell it. */
  readonly isStateUnknown: (identity: string) => boolean;
  /** Rows that do not count. */
  readonly ignored: ReadonlySet<number>;
}

/** Replaces a state that is left open. */
export const OPEN_STATE = '?';

export function countCells(table: SocketTable, { ownerIs, shows, isStateUnknown, ignored }: CellOptions): Cells {
  const sockets = new Map<string, number>();
  const totals = new Map<string, number>();
  const identify = createIdentifier(table, ownerIs);
  for (let row = 0; row < table.length; row++) {
    const { state, family } = table.rowAt(row);
    if (ignored.has(row) || !shows(state as TcpState)) continue;
    const identity = identify(row);
    const label = isStateUnknown(identity) ? OPEN_STATE : stateLabel(state);
    add(sockets, `${label} ${identity}`);
    add(totals, `${label} ${family === Family.v4 ? 'ipv4' : 'ipv6'}`);
  }
  return { sockets, totals };
}

/** What identifies a socket, whatever its state: both ends and the owner. */
export function createIdentifier(table: SocketTable, ownerIs: string): (row: number) => string {
  const texts: (string | undefined)[] = [];
  const format = (id: number, port: number) => {
    texts[id] ??= formatHost(formatAddress(table.addresses.wordsOf(id)));
    return `${texts[id]}:${port}`;
  };
  return (row) => {
    const { localAddress, localPort, remoteAddress, remotePort, owner } = table.rowAt(row);
    return `${format(localAddress, localPort)} ${format(remoteAddress, remotePort)} ${ownerIs} ${owner >>> 0}`;
  };
}

function formatHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
