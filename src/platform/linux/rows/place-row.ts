import { isIpv4At, isLinkLocal } from '../../../model/ip-address.ts';
import { TcpState } from '../../../model/tcp-state.ts';
import type { AddressTable } from '../../../table/address-table.ts';
import { Family, Flag, packUse, ROW_WORDS, Word } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { RepeatedRows } from './repeated-rows.ts';

/** A read of many sockets comes to a row sooner or later than the last one did; a port is taken over after a second or more. */
const TIMER_SLACK_MS = 750;
/** Of an address's four words, the one that an IPv4 address has in its v4-mapped form. */
const LAST_WORD = 3;

/** One socket as the kernel tells it. */
export interface SocketFacts {
  /** Where its addresses are, four words each in network order from these positions on; of an IPv4 socket one. */
  words: Int32Array;
  local: number;
  remote: number;
  /** Whether it is an IPv4 socket. */
  isShort: boolean;
  state: TcpState;
  /** As `packPorts`. */
  ports: number;
  /** Its inode. */
  owner: number;
  /** Index of the interface it is bound to; 0 = none. */
  boundInterface: number;
  /** Left in TIME_WAIT. */
  milliseconds: number;
  /** In TIME_WAIT: whether its connection used TCP timestamps; false where the source does not say (`SocketTable.knowsTimestamps`). */
  hasTimestamps: boolean;
  /** Of a LISTEN or bound IPv6 socket: whether it takes IPv4, too, where that is known before its row is made. */
  isDualStack: boolean;
  /** What `placeRow` says: whether it was there in the last read. */
  isKept: boolean;
}

/** To be filled for each socket anew: one object, since there are very many sockets. */
export function createSocketFacts(): SocketFacts {
  return {
    words: new Int32Array(0),
    local: 0,
    remote: 0,
    isShort: true,
    state: TcpState.unknown,
    ports: 0,
    owner: 0,
    boundInterface: 0,
    milliseconds: 0,
    hasTimestamps: false,
    isDualStack: false,
    isKept: false,
  };
}

/** One socket → one row: that of the last read where it is the same socket in the same state, else a new one. Returns its number, −1 of one that is left out. */
export function placeRow(table: SocketTable, repeated: RepeatedRows, socket: SocketFacts): number {
  const { words, local, remote, isShort, state, ports, owner, boundInterface, milliseconds } = socket;
  const use = packUse(state, isShort ? Family.v4 : familyOf(table, words, local, remote, state));
  const remoteWord = words[isShort ? remote : remote + LAST_WORD]!;
  if (repeated.leavesOut(ports, remoteWord)) return -1;
  const remoteScope = state === TcpState.listen || state === TcpState.bound ? 0 : boundInterface;
  const localScope = !isShort && isLinkLocal(words[local]!) ? boundInterface : 0;
  const old = repeated.find(table, ports, remoteWord, owner, use, words[isShort ? local : local + LAST_WORD]!);
  const isSame = isShort ? isPlain(table, old, state) : hasAddresses(table, old, words, local, remote);
  socket.isKept = isSame && hasScopes(table, old, localScope, remoteScope);
  if (socket.isKept) {
    const row = table.keep(old);
    if (state === TcpState.timeWait) noteTimeLeft(table, row, milliseconds, socket.hasTimestamps);
    return row;
  }
  const { addresses } = table;
  return table.append(
    ports,
    remoteWord,
    owner,
    intern(addresses, words, local, localScope, isShort),
    intern(addresses, words, remote, remoteScope, isShort),
    socket.hasTimestamps ? use | Flag.timestamps : socket.isDualStack ? use | Flag.dualStack : use,
    milliseconds,
  );
}

/** More time left than the socket of the last dump can have, which had not run out yet: another one took its place, or a FIN came once more. */
export function noteTimeLeft(table: SocketTable, row: number, milliseconds: number, hasTimestamps: boolean): void {
  const left = table.words[row * ROW_WORDS + Word.milliseconds]! - table.elapsedMs;
  table.setTime(row, milliseconds, left > TIMER_SLACK_MS && milliseconds > left + TIMER_SLACK_MS, hasTimestamps);
}

/** The family on the wire. Rows of connections between two families, of which no kernel should tell, cannot be compared. */
function familyOf(table: SocketTable, words: Int32Array, local: number, remote: number, state: number): number {
  const isLocalMapped = isIpv4At(words, local);
  const isRemoteMapped = isIpv4At(words, remote);
  const isConnection = state !== TcpState.listen && state !== TcpState.bound;
  if (isConnection && isLocalMapped !== isRemoteMapped) table.isComparable = false;
  return isLocalMapped || isRemoteMapped ? Family.v4 : Family.v6;
}

/** Whether a row of family IPv4 has no other addresses: a socket of both families may be bound to one of each kind. */
function isPlain({ words, addresses }: SocketTable, row: number, state: number): boolean {
  if (row < 0) return false;
  if (state !== TcpState.listen && state !== TcpState.bound) return true;
  const at = row * ROW_WORDS;
  return addresses.isIpv4(words[at + Word.localAddress]!) && addresses.isIpv4(words[at + Word.remoteAddress]!);
}

/** Whether a row of the last dump, found by the last word of its addresses, has the rest of them too. */
function hasAddresses(
  { words: rows, addresses }: SocketTable,
  row: number,
  words: Int32Array,
  local: number,
  remote: number,
): boolean {
  return (
    row >= 0 &&
    isAt(addresses, rows[row * ROW_WORDS + Word.localAddress]!, words, local) &&
    isAt(addresses, rows[row * ROW_WORDS + Word.remoteAddress]!, words, remote)
  );
}

function isAt(addresses: AddressTable, id: number, words: Int32Array, at: number): boolean {
  return (
    addresses.word(id, 0) === words[at] &&
    addresses.word(id, 1) === words[at + 1] &&
    addresses.word(id, 2) === words[at + 2]
  );
}

/** Whether a row's addresses are bound to these interfaces. */
function hasScopes({ words, addresses }: SocketTable, row: number, local: number, remote: number): boolean {
  return (
    addresses.scopeOf(words[row * ROW_WORDS + Word.localAddress]!) === local &&
    addresses.scopeOf(words[row * ROW_WORDS + Word.remoteAddress]!) === remote
  );
}

function intern(addresses: AddressTable, words: Int32Array, at: number, scope: number, isShort: boolean): number {
  return isShort
    ? addresses.internIpv4(words[at]!, scope)
    : addresses.intern(words[at]!, words[at + 1]!, words[at + 2]!, words[at + LAST_WORD]!, scope);
}
