import { isIpv4At } from '../../../model/ip-address.ts';
import { TcpState } from '../../../model/tcp-state.ts';
import type { AddressTable } from '../../../table/address-table.ts';
import { Family, packPorts, packUse, type RowWords } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { TableBuffer } from './table-buffer.ts';
import type { TcpTableLayout } from './tcp-layout.ts';

/** One table of TCP sockets, as a call of iphlpapi.dll returned it. */
export interface TcpTable {
  readonly buffer: TableBuffer;
  /** Bytes that the call may have written: no row lies beyond them. */
  readonly length: number;
  readonly layout: TcpTableLayout;
}

/** Appends every socket of the table. Throws if the number of rows it claims does not fit into its bytes. */
export function decodeTcpTable(source: TcpTable, table: SocketTable): void {
  const { buffer, layout } = source;
  const rows = countRows(source);
  for (let row = 0, at = layout.firstRow; row < rows; row++, at += layout.rowLength) {
    decodeRow(buffer, at, layout, stateAt(buffer, at, layout), table);
  }
}

/**
 * Appends the sockets of a table of bound ones, whose state field has no meaning. Leaves out those whose port the same
 * process has in the main table: the bound table repeats the sockets of listeners and connections.
 */
export function decodeBoundTable(
  source: TcpTable,
  table: SocketTable,
  isInMainTable: (port: number, pid: number) => boolean,
): void {
  const { buffer, layout } = source;
  const rows = countRows(source);
  for (let row = 0, at = layout.firstRow; row < rows; row++, at += layout.rowLength) {
    const port = swapBytes(buffer.halves[(at + layout.localPort) >> 1]!);
    if (isInMainTable(port, buffer.words[(at + layout.pid) >> 2]!)) continue;
    decodeRow(buffer, at, layout, TcpState.bound, table);
  }
}

/** One flag per local port in any of the tables. Shape: 65,536 bytes. */
export function portsOf(sources: readonly TcpTable[]): Uint8Array {
  const ports = new Uint8Array(65_536);
  for (const source of sources) {
    const { buffer, layout } = source;
    const rows = countRows(source);
    for (let row = 0, at = layout.firstRow + layout.localPort; row < rows; row++, at += layout.rowLength) {
      ports[swapBytes(buffer.halves[at >> 1]!)] = 1;
    }
  }
  return ports;
}

/** The number of rows, checked against the bytes there are. */
export function countRows({ buffer, length, layout }: TcpTable): number {
  const { firstRow, rowLength, struct } = layout;
  const size = Math.min(length, buffer.bytes.length);
  if (size < 4) throw new Error(`table of ${struct}: ${size} bytes, too short for a number of rows`);
  const rows = buffer.words[0]! >>> 0;
  if (rows > 0 && firstRow + rows * rowLength > size) {
    throw new Error(`table of ${struct}: ${rows} rows do not fit into ${size} bytes`);
  }
  return rows;
}

/** Appends the row that starts at `at` as a socket of that state. */
export function decodeRow(
  buffer: TableBuffer,
  at: number,
  layout: TcpTableLayout,
  state: TcpState,
  table: SocketTable,
  milliseconds = 0,
): void {
  const { halves, words } = buffer;
  const { addresses } = table;
  const local = (at + layout.localAddress) >> 2;
  const remote = (at + layout.remoteAddress) >> 2;
  // without a peer the remote fields are undefined (learn.microsoft.com, MIB_TCPROW_OWNER_MODULE): read as zero
  const hasPeer = state !== TcpState.listen && state !== TcpState.bound;
  const pid = words[(at + layout.pid) >> 2]!;
  const ports = packPorts(
    swapBytes(halves[(at + layout.localPort) >> 1]!),
    hasPeer ? swapBytes(halves[(at + layout.remotePort) >> 1]!) : 0,
  );
  const group = table.groups.intern(pid, 0);
  if (layout.isIpv6) {
    const isMapped = isIpv4At(words, local) || (hasPeer && isIpv4At(words, remote));
    const use = packUse(state, isMapped ? Family.v4 : Family.v6, group);
    const localId = internV6(addresses, words, local);
    const remoteId = hasPeer ? internV6(addresses, words, remote) : addresses.intern(0, 0, 0, 0);
    table.append(ports, addresses.word(remoteId, 3), pid, localId, remoteId, use, milliseconds);
  } else {
    const use = packUse(state, Family.v4, group);
    const remoteWord = hasPeer ? words[remote]! : 0;
    const localId = addresses.internIpv4(words[local]!);
    table.append(ports, remoteWord, pid, localId, addresses.internIpv4(remoteWord), use, milliseconds);
  }
}

/** The state in the row that starts at `at`. */
export function stateAt(buffer: TableBuffer, at: number, layout: TcpTableLayout): TcpState {
  return toState(buffer.words[(at + layout.state) >> 2]!);
}

function internV6(addresses: AddressTable, words: RowWords, at: number): number {
  return addresses.intern(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
}

/** MIB_TCP_STATE (tcpmib.h) → state. 12 is DELETE_TCB: about to vanish, neither open nor in TIME_WAIT. */
const STATE_OF_MIB: readonly TcpState[] = [
  TcpState.unknown,
  TcpState.close,
  TcpState.listen,
  TcpState.synSent,
  TcpState.synRecv,
  TcpState.established,
  TcpState.finWait1,
  TcpState.finWait2,
  TcpState.closeWait,
  TcpState.closing,
  TcpState.lastAck,
  TcpState.timeWait,
  TcpState.close,
];

/** netstat's BOUND; the header calls it MIB_TCP_STATE_RESERVED. */
const MIB_TCP_STATE_RESERVED = 100;

function toState(mibState: number): TcpState {
  if (mibState >= 0 && mibState < STATE_OF_MIB.length) return STATE_OF_MIB[mibState]!;
  return mibState === MIB_TCP_STATE_RESERVED ? TcpState.bound : TcpState.unknown;
}

/** Big-endian port → number: Windows runs on little-endian machines only. */
function swapBytes(half: number): number {
  return ((half & 0xff) << 8) | (half >> 8);
}
