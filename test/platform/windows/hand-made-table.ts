import { formatAddress, parseAddress } from '../../../src/model/ip-address.ts';
import { stateLabel } from '../../../src/model/tcp-state.ts';
import { viewTableBuffer } from '../../../src/platform/windows/sockets/table-buffer.ts';
import type { TcpTableLayout } from '../../../src/platform/windows/sockets/tcp-layout.ts';
import type { TcpTable } from '../../../src/platform/windows/sockets/tcp-table.ts';
import { Family } from '../../../src/table/socket-row.ts';
import type { SocketTable } from '../../../src/table/socket-table.ts';

/** One row as Windows would write it. */
export interface HandMadeRow {
  /** A number of MIB_TCP_STATE. */
  readonly state: number;
  readonly local: readonly [address: string, port: number];
  readonly remote?: readonly [address: string, port: number];
  readonly pid?: number;
  /** FILETIME. */
  readonly created?: bigint;
}

/** The bytes of a table. `rubbish` stands in every byte that Windows leaves undefined. */
export function encodeTable(layout: TcpTableLayout, rows: readonly HandMadeRow[], rubbish = 0): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(new ArrayBuffer(layout.firstRow + rows.length * layout.rowLength)).fill(rubbish);
  bytes.writeUInt32LE(rows.length, 0);
  for (const [index, row] of rows.entries()) {
    const at = layout.firstRow + index * layout.rowLength;
    bytes.writeUInt32LE(row.state, at + layout.state);
    bytes.writeUInt32LE(row.pid ?? 0, at + layout.pid);
    bytes.writeUInt16BE(row.local[1], at + layout.localPort);
    writeAddress(bytes, at + layout.localAddress, row.local[0], layout.isIpv6);
    if (layout.created >= 0) bytes.writeBigUInt64LE(row.created ?? 0n, at + layout.created);
    if (row.remote === undefined) continue;
    bytes.writeUInt16BE(row.remote[1], at + layout.remotePort);
    writeAddress(bytes, at + layout.remoteAddress, row.remote[0], layout.isIpv6);
  }
  return bytes;
}

export function tableOf(layout: TcpTableLayout, bytes: Uint8Array<ArrayBuffer>): TcpTable {
  return { buffer: viewTableBuffer(bytes), length: bytes.length, layout };
}

export function handMadeTable(layout: TcpTableLayout, rows: readonly HandMadeRow[], rubbish = 0): TcpTable {
  return tableOf(layout, encodeTable(layout, rows, rubbish));
}

/** Every row in words: `ipv4 established 10.0.0.5:49712 10.0.0.9:1433 pid 4321`. */
export function describeRows(table: SocketTable): string[] {
  return Array.from({ length: table.length }, (_, row) => {
    const text = (address: number) => formatAddress(table.addresses.wordsOf(address));
    const { family, state, localAddress, localPort, remoteAddress, remotePort, owner } = table.rowAt(row);
    const local = `${text(localAddress)}:${localPort}`;
    const remote = `${text(remoteAddress)}:${remotePort}`;
    const wire = family === Family.v4 ? 'ipv4' : 'ipv6';
    return `${wire} ${stateLabel(state)} ${local} ${remote} pid ${owner}`;
  });
}

function writeAddress(bytes: Buffer, at: number, address: string, isIpv6: boolean): void {
  const all = Buffer.from(new Int32Array(parseAddress(address)!).buffer);
  bytes.set(isIpv6 ? all : all.subarray(12), at);
}
