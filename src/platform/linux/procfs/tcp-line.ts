import { V4_MAPPED_WORD } from '../../../model/ip-address.ts';
import { normalizeState, TcpState } from '../../../model/tcp-state.ts';
import type { AddressTable } from '../../../table/address-table.ts';
import { Family, Flag, packPorts, packUse } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import { type AsciiCursor, readDecimal, readHexLong, readHexWord, skipByte, skipPast } from './ascii-cursor.ts';

const SPACE = 0x20;
const COLON = 0x3a;

/** Times are in USER_HZ jiffies, 100 a second on every machine Node runs on (include/asm-generic/param.h). */
const MS_PER_JIFFY = 10;
const INT32_MAX = 0x7fff_ffff;

const HEADER =
  /^\s*sl\s+local_address\s+rem(ote)?_address\s+st tx_queue rx_queue tr tm->when retrnsmt\s+uid\s+timeout inode\s*$/;

/** Throws unless a line is the header of /proc/net/tcp or tcp6: a different header would mean different columns. */
export function checkTcpHeader(line: string): void {
  if (!HEADER.test(line)) throw new Error(`not the columns of a TCP table: "${line.slice(0, 80)}"`);
}

/**
 * One line of /proc/net/tcp or tcp6 → one row. Layout: get_tcp4_sock(), get_timewait4_sock() and get_openreq4() of
 * net/ipv4/tcp_ipv4.c and their IPv6 counterparts. The kernel prints an address as 32-bit words in its own byte order,
 * like the address words here.
 */
export function decodeTcpLine(cursor: AsciiCursor, isIpv6: boolean, table: SocketTable): void {
  skipPast(cursor, COLON); // sl, the line's number
  skipByte(cursor, SPACE);
  const { addresses } = table;
  const localAddress = readAddress(cursor, isIpv6, addresses);
  const localPort = readPort(cursor);
  const remoteAddress = readAddress(cursor, isIpv6, addresses);
  const remotePort = readPort(cursor);
  const isV4 = addresses.isIpv4(localAddress) || addresses.isIpv4(remoteAddress);
  const state = normalizeState(readHexWord(cursor, 2));
  skipByte(cursor, SPACE);
  readHexWord(cursor, 8); // tx_queue
  skipByte(cursor, COLON);
  const receiveQueue = readHexWord(cursor, 8) >>> 0;
  skipByte(cursor, SPACE);
  readHexWord(cursor, 2); // which timer runs; for TIME_WAIT always its end
  skipByte(cursor, COLON);
  const jiffies = readHexLong(cursor);
  skipByte(cursor, SPACE);
  readHexWord(cursor, 8); // retrnsmt
  readDecimal(cursor); // uid
  readDecimal(cursor); // timeout
  const row = table.append(
    packPorts(localPort, remotePort),
    addresses.word(remoteAddress, 3),
    readDecimal(cursor), // inode
    localAddress,
    remoteAddress,
    packUse(state, isV4 ? Family.v4 : Family.v6) | (isIpv6 && state === TcpState.listen ? Flag.dualStack : 0), // the default
    state === TcpState.timeWait ? Math.min(jiffies * MS_PER_JIFFY, INT32_MAX) : 0,
  );
  // for a listener this column is the length of the accept queue; the file does not show its limit
  if (state === TcpState.listen) table.listenQueues.push({ row, length: receiveQueue, limit: undefined });
}

/** The id of an address, plain or v4-mapped. */
function readAddress(cursor: AsciiCursor, isIpv6: boolean, addresses: AddressTable): number {
  const w0 = isIpv6 ? readHexWord(cursor, 8) : 0;
  const w1 = isIpv6 ? readHexWord(cursor, 8) : 0;
  const w2 = isIpv6 ? readHexWord(cursor, 8) : V4_MAPPED_WORD;
  return addresses.intern(w0, w1, w2, readHexWord(cursor, 8));
}

function readPort(cursor: AsciiCursor): number {
  skipByte(cursor, COLON);
  const port = readHexWord(cursor, 4);
  skipByte(cursor, SPACE);
  return port;
}
