import { isIpv4At } from '../../../model/ip-address.ts';
import { normalizeState, TcpState } from '../../../model/tcp-state.ts';
import { isLeft } from '../../../table/connection-states.ts';
import type { OtherNamespaces } from '../../../table/other-namespaces.ts';
import { Family, packUse } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { CloseWaitClock } from '../rows/close-wait-clock.ts';
import { createSocketFacts, noteTimeLeft, placeRow } from '../rows/place-row.ts';
import type { RepeatedRows } from '../rows/repeated-rows.ts';
import { KERNEL_ROW_WORDS, MORE_TO_SENT, type Run } from './kernel-walk.ts';

/** struct row of c/walk.bpf.c, in words. Addresses are in network order, all else in the machine's. */
const KernelRow = {
  /** As `packPorts`. */
  ports: 0,
  /** State in the lowest byte, address family in the next one, flags in the two above. */
  kind: 1,
  inode: 2,
  boundInterface: 3,
  /** 64-bit id, the low half first; where MINIMAL is set, the socket's cookie. */
  cgroup: 4,
  /**
   * TIME_WAIT: jiffies left. CLOSE_WAIT: jiffies since the last ACK. LISTEN: connections that wait for accept(). FIN_WAIT, CLOSING and
   * LAST_ACK: low half of the cookie.
   */
  first: 6,
  /** CLOSE_WAIT: part of the socket's address in the kernel. LISTEN: how many may wait. Others as `first`: high half. */
  second: 7,
  local: 8,
  remote: 12,
} as const;

const AF_INET = 2;
const AF_INET6 = 10;
/** Of an address's four words, the one that an IPv4 address has in its v4-mapped form. */
const LAST_WORD = 3;
/** What kind is of an established connection without flags, and what its row's word of use is. */
const ESTABLISHED = TcpState.established | (AF_INET << 8);
const ESTABLISHED_V6 = TcpState.established | (AF_INET6 << 8);
const ESTABLISHED_USE = packUse(TcpState.established, Family.v4);
const TIME_WAIT_USE = packUse(TcpState.timeWait, Family.v4);
/** Of a row's flags: a connection in TIME_WAIT used TCP timestamps. */
const TIMESTAMPS = 1 << 16;
/** The word more of the row has the range of ports that the program set for the socket. */
const OWN_RANGE = 2 << 16;
/** What the kernel keeps of a connection in TIME_WAIT, or in FIN_WAIT2 when its program has closed it. */
const MINIMAL = 4 << 16;
/** A LISTEN or bound IPv6 socket takes IPv4, too. */
const DUAL_STACK = 8 << 16;
/** What a word of a row holds of milliseconds: 24 days. */
const MOST_MS = 0x7fffffff;

/** What rows are read with. */
export interface RowContext {
  readonly repeated: RepeatedRows;
  /** CONFIG_HZ of the kernel: jiffies per second. */
  readonly hz: number;
  /** Given where the age of CLOSE_WAIT sockets is wanted. */
  readonly clock: CloseWaitClock | undefined;
}

/** Where the rows of other network namespaces go. */
export interface OtherRows {
  readonly others: OtherNamespaces;
  readonly context: RowContext;
}

const socket = createSocketFacts();

/**
 * Rows of one run → rows of the table: the same as `decodeDump` makes of an inet_diag message, and what that does not tell. Rows of other
 * network namespaces go where `other` says, those of unknown ones nowhere.
 */
export function decodeRun(run: Run, table: SocketTable, context: RowContext, other?: OtherRows): void {
  const { words, firstRow, firstMore, firstNetns, length } = run;
  for (let index = 0; index < length; index++) {
    const at = firstRow + index * KERNEL_ROW_WORDS;
    const netns = firstNetns === undefined ? 0 : words[firstNetns + index]! >>> 0;
    if (netns === 0) {
      if (!keepUsual(words, at, table, context)) decodeRow(words, at, firstMore + index, table, context);
    } else if (other !== undefined) decodeOther(words, at, firstMore + index, other, netns);
  }
}

/** Most rows, in a few comparisons instead of `decodeRow`: an IPv4 connection, established or in TIME_WAIT, that comes where it came in the last read. */
function keepUsual(words: Int32Array, at: number, table: SocketTable, { repeated, hz }: RowContext): boolean {
  const kind = words[at + KernelRow.kind]!;
  const state = kind & 0xff;
  const isWaiting = state === TcpState.timeWait;
  if (!isWaiting && kind !== ESTABLISHED && kind !== ESTABLISHED_V6) return false;
  const isShort = ((kind >> 8) & 0xff) === AF_INET;
  if (!isShort && (!isIpv4At(words, at + KernelRow.local) || !isIpv4At(words, at + KernelRow.remote))) return false;
  if (words[at + KernelRow.boundInterface] !== 0) return false;
  const last = isShort ? at : at + LAST_WORD;
  const row = repeated.keepNext(
    table,
    words[at + KernelRow.ports]!,
    words[last + KernelRow.remote]!,
    words[at + KernelRow.inode]!,
    isWaiting ? TIME_WAIT_USE : ESTABLISHED_USE,
    words[last + KernelRow.local]!,
  );
  if (row < 0) return false;
  if (!isWaiting) return true;
  noteTimeLeft(table, row, toMilliseconds(words[at + KernelRow.first]!, hz), (kind & TIMESTAMPS) !== 0);
  if (table.cookies !== undefined)
    table.noteCookie(row, words[at + KernelRow.cgroup]!, words[at + KernelRow.cgroup + 1]!);
  return true;
}

function decodeOther(words: Int32Array, at: number, more: number, { others, context }: OtherRows, netns: number): void {
  const ports = others.byNumber.get(netns);
  if (ports === undefined) return;
  const row = decodeRow(words, at, more, others.table, context, netns);
  if (row < 0) return;
  const kind = words[at + KernelRow.kind]!;
  if ((kind & MINIMAL) === 0) others.noteCgroup(row, words[at + KernelRow.cgroup]!, words[at + KernelRow.cgroup + 1]!);
  if ((kind & OWN_RANGE) !== 0) ports.portRanges.add(words[more]! >>> 0);
}

/** `netns`: the row's group, 0 = its cgroup is. Returns the number of the row, −1 if it was left out. */
function decodeRow(
  words: Int32Array,
  at: number,
  more: number,
  table: SocketTable,
  { repeated, hz, clock }: RowContext,
  netns = 0,
): number {
  const kind = words[at + KernelRow.kind]!;
  const state = toState(kind & 0xff);
  const first = words[at + KernelRow.first]!;
  socket.words = words;
  socket.local = at + KernelRow.local;
  socket.remote = at + KernelRow.remote;
  socket.isShort = ((kind >> 8) & 0xff) === AF_INET;
  socket.state = state;
  socket.ports = words[at + KernelRow.ports]!;
  socket.owner = words[at + KernelRow.inode]!;
  socket.boundInterface = words[at + KernelRow.boundInterface]!;
  socket.milliseconds = state === TcpState.timeWait ? toMilliseconds(first, hz) : 0;
  socket.hasTimestamps = (kind & TIMESTAMPS) !== 0;
  socket.isDualStack = (kind & DUAL_STACK) !== 0;
  const row = placeRow(table, repeated, socket);
  if (row < 0) return row;
  if (socket.owner === 0 && table.cookies !== undefined && isLeft(state)) {
    const cookie = at + ((kind & MINIMAL) !== 0 ? KernelRow.cgroup : KernelRow.first);
    table.noteCookie(row, words[cookie]!, words[cookie + 1]!);
  }
  if (netns !== 0) table.setGroup(row, table.groups.intern(netns, 0));
  else if (!socket.isKept && (kind & MINIMAL) === 0) {
    const [low, high] = [words[at + KernelRow.cgroup]!, words[at + KernelRow.cgroup + 1]!];
    if ((low | high) !== 0) table.setGroup(row, table.groups.intern(low, high));
  }
  if ((kind & OWN_RANGE) !== 0) table.portRanges.add(words[more]! >>> 0);
  if (state === TcpState.closeWait && clock !== undefined)
    noteAge(words, at, row, table, clock, toMilliseconds(first, hz), toMilliseconds(words[more + MORE_TO_SENT]!, hz));
  else if (state === TcpState.listen) {
    table.listenQueues.push({ row, length: first >>> 0, limit: words[at + KernelRow.second]! >>> 0 });
    table.listenDrops.push({ row, drops: words[more]! >>> 0 });
  }
  return row;
}

/** Bound-but-idle sockets are CLOSE in the kernel; no other socket of that state is read. */
function toState(kernelState: number): TcpState {
  return kernelState === TcpState.close ? TcpState.bound : normalizeState(kernelState);
}

function toMilliseconds(jiffies: number, hz: number): number {
  return Math.min(Math.round(((jiffies >>> 0) * 1000) / hz), MOST_MS);
}

/** The socket's address names it as long as it lives; the rest of the name tells it from one that has its memory later. */
function noteAge(
  words: Int32Array,
  at: number,
  row: number,
  table: SocketTable,
  clock: CloseWaitClock,
  sinceAckMs: number,
  sinceSentMs: number,
): void {
  const tuple = Math.imul(
    words[at + KernelRow.ports]! ^ Math.imul(words[at + KernelRow.inode]!, 0x85ebca6b),
    0x9e3779b1,
  );
  const age = clock.ageOf(
    words[at + KernelRow.second]!,
    tuple ^ words[socket.isShort ? at + 12 : at + 15]!,
    sinceAckMs,
    sinceSentMs,
  );
  table.setTime(row, Math.min(age, MOST_MS));
}
