import { formatAddress, parseAddress } from '../../src/model/ip-address.ts';
import { Family, SocketTable } from '../../src/model/socket-table.ts';
import { TcpState } from '../../src/model/tcp-state.ts';

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
  readonly queue?: readonly [length: number, limit: number | undefined];
}

/** Appends rows as a reader of an OS would. */
export function addSocketRows(table: SocketTable, rows: readonly SocketRow[]): SocketTable {
  for (const given of rows) {
    const family = given.family ?? (given.local[0].includes(':') ? 'ipv6' : 'ipv4');
    const remote = given.remote ?? [family === 'ipv6' ? '::' : '0.0.0.0', 0];
    const row = table.addRow();
    const { columns } = table;
    columns.family[row] = family === 'ipv6' ? Family.v6 : Family.v4;
    columns.state[row] = TcpState[given.state];
    columns.localPort[row] = given.local[1];
    columns.remotePort[row] = remote[1];
    columns.localAddress[row] = table.addresses.intern(...parseAddress(given.local[0])!);
    columns.remoteAddress[row] = table.addresses.intern(...parseAddress(remote[0])!);
    columns.owner[row] = given.owner ?? 0;
    columns.process[row] = given.process === undefined ? 0 : table.processNames.intern(given.process);
    columns.reason[row] = given.reason ?? 0;
    columns.group[row] = given.group === undefined ? 0 : table.groups.intern(given.group, 0);
    columns.milliseconds[row] = given.milliseconds ?? 0;
    if (given.queue !== undefined) table.listenQueues.push({ row, length: given.queue[0], limit: given.queue[1] });
  }
  return table;
}

/** A new table with these rows. */
export function socketTable(rows: readonly SocketRow[]): SocketTable {
  return addSocketRows(new SocketTable(), rows);
}

/** `10.0.0.1:80` of a row, for messages and comparisons. */
export function localEndpoint(table: SocketTable, row: number): string {
  return `${formatAddress(table.addresses.wordsOf(table.columns.localAddress[row]!))}:${table.columns.localPort[row]}`;
}

export function remoteEndpoint(table: SocketTable, row: number): string {
  return `${formatAddress(table.addresses.wordsOf(table.columns.remoteAddress[row]!))}:${table.columns.remotePort[row]}`;
}
