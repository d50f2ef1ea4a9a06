import { formatAddress, parseAddress } from '../../../src/model/ip-address.ts';
import { TcpState } from '../../../src/model/tcp-state.ts';
import { Family, Flag, packPorts, packUse, Reason } from '../../../src/table/socket-row.ts';
import { SocketTable } from '../../../src/table/socket-table.ts';

/** One socket in words; what is left out is 0, `unknown`, or the wildcard address. */
export interface SocketRow {
  readonly state: keyof typeof TcpState;
  readonly family?: 'ipv4' | 'ipv6';
  readonly local: readonly [address: string, port: number];
  readonly remote?: readonly [address: string, port: number];
  readonly owner?: number;
  readonly process?: string;
  readonly reason?: number;
  readonly group?: number;
  readonly milliseconds?: number;
  /** In TIME_WAIT: whether its connection used TCP timestamps, where the source tells. */
  readonly timestamps?: boolean;
  /** Index of the interface that the socket is bound to. */
  readonly interface?: number;
  readonly queue?: readonly [length: number, limit: number | undefined];
}

/** Appends rows as a reader of an OS would. */
export function addSocketRows(table: SocketTable, rows: readonly SocketRow[]): SocketTable {
  for (const given of rows) {
    const row = addRow(table, given);
    own(table, row, given);
    noteQueue(table, row, given);
  }
  return table;
}

/**
 * The next scrape of a reader that compares: rows that were there before are kept, and what `given` says of their process
 * is written as whoever finds owners would.
 */
export function turnSocketRows(table: SocketTable, rows: readonly SocketRow[]): SocketTable {
  table.turn();
  const kept: (readonly [row: number, given: SocketRow])[] = rows.map((given) => {
    const old = findRow(table, given);
    const row = old < 0 ? addRow(table, given) : table.keep(old);
    table.setTime(row, given.milliseconds ?? 0, false, given.timestamps);
    noteQueue(table, row, given);
    return [row, given];
  });
  table.finish();
  for (const [row, given] of kept) own(table, row, given);
  return table;
}

function findRow(table: SocketTable, given: SocketRow): number {
  for (let row = table.next; row < table.end; row++) {
    const old = table.rowAt(row);
    const isSame =
      old.state === TcpState[given.state] &&
      old.family === Family[familyOf(given) === 'ipv6' ? 'v6' : 'v4'] &&
      old.owner === (given.owner ?? 0) &&
      localEndpoint(table, row) === `${given.local[0]}:${given.local[1]}` &&
      remoteEndpoint(table, row) === remoteOf(given).join(':');
    if (isSame) return row;
  }
  return -1;
}

function addRow(table: SocketTable, given: SocketRow): number {
  const remote = remoteOf(given);
  const group = given.group === undefined ? 0 : table.groups.intern(given.group, 0);
  const remoteAddress = table.addresses.intern(...parseAddress(remote[0])!, given.interface);
  return table.append(
    packPorts(given.local[1], remote[1]),
    table.addresses.word(remoteAddress, 3),
    given.owner ?? 0,
    table.addresses.intern(...parseAddress(given.local[0])!, given.interface),
    remoteAddress,
    packUse(TcpState[given.state], Family[familyOf(given) === 'ipv6' ? 'v6' : 'v4'], group) |
      (given.timestamps ? Flag.timestamps : 0),
    given.milliseconds ?? 0,
  );
}

/** Rows for which the kernel keeps no owner, and that no test gives one, inherit theirs: that is left as it is. */
function own(table: SocketTable, row: number, given: SocketRow): void {
  if ((given.owner ?? 0) === 0 && given.process === undefined && given.reason === undefined) return;
  const process = given.process === undefined ? 0 : table.processNames.intern(given.process);
  const reason = (given.reason ?? Reason.none) as Reason;
  table.setOwner(row, process, reason);
}

function noteQueue(table: SocketTable, row: number, { queue }: SocketRow): void {
  if (queue !== undefined) table.listenQueues.push({ row, length: queue[0], limit: queue[1] });
}

function familyOf(given: SocketRow): 'ipv4' | 'ipv6' {
  return given.family ?? (given.local[0].includes(':') ? 'ipv6' : 'ipv4');
}

function remoteOf(given: SocketRow): readonly [address: string, port: number] {
  return given.remote ?? [familyOf(given) === 'ipv6' ? '::' : '0.0.0.0', 0];
}

/** As `SocketTable.heldPorts`. */
export function heldPorts(ports: readonly number[]): Uint8Array {
  const held = new Uint8Array(65_536);
  for (const port of ports) held[port] = 1;
  return held;
}

/** A new table with these rows. */
export function socketTable(rows: readonly SocketRow[]): SocketTable {
  return addSocketRows(new SocketTable(), rows);
}

/** `10.0.0.1:80` of a row, for messages and comparisons. */
export function localEndpoint(table: SocketTable, row: number): string {
  const { localAddress, localPort } = table.rowAt(row);
  return `${formatAddress(table.addresses.wordsOf(localAddress))}:${localPort}`;
}

export function remoteEndpoint(table: SocketTable, row: number): string {
  const { remoteAddress, remotePort } = table.rowAt(row);
  return `${formatAddress(table.addresses.wordsOf(remoteAddress))}:${remotePort}`;
}
