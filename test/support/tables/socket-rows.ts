import { formatAddress, parseAddress } from '../../../src/model/ip-address.ts';
import { TcpState } from '../../../src/model/tcp-state.ts';
import { Family, packPorts, packUse, Reason, ROW_WORDS, setProcess, Word } from '../../../src/table/socket-row.ts';
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
    table.words[row * ROW_WORDS + Word.milliseconds] = given.milliseconds ?? 0;
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
  const remoteAddress = table.addresses.intern(...parseAddress(remote[0])!);
  return table.append(
    packPorts(given.local[1], remote[1]),
    table.addresses.word(remoteAddress, 3),
    given.owner ?? 0,
    table.addresses.intern(...parseAddress(given.local[0])!),
    remoteAddress,
    packUse(TcpState[given.state], Family[familyOf(given) === 'ipv6' ? 'v6' : 'v4'], group),
    given.milliseconds ?? 0,
  );
}

/** Rows for which the kernel keeps no owner, and that no test gives one, inherit theirs: that is left as it is. */
function own(table: SocketTable, row: number, given: SocketRow): void {
  if ((given.owner ?? 0) === 0 && given.process === undefined && given.reason === undefined) return;
  const process = given.process === undefined ? 0 : table.processNames.intern(given.process);
  const reason = (given.reason ?? Reason.none) as Reason;
  const now = table.rowAt(row);
  if (now.process === process && now.reason === reason) return;
  table.touch(row);
  setProcess(table.words, row * ROW_WORDS, process, reason);
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
