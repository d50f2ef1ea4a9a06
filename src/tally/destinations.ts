import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import { type AddressWords, formatAddress, wordOfBytes } from '../model/ip-address.ts';
import type { Breakdown, DestinationCell, FamilyLabel } from '../model/socket-counts.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { TcpState } from '../model/tcp-state.ts';
import { CellCounts } from './cell-counts.ts';
import type { NotedRows } from './noted-rows.ts';
import { ephemeralBit, PortClass, type PortClasses } from './port-classes.ts';
import { TopCells } from './top-cells.ts';

/** Ports towards the busiest destination that the next connect() to it cannot get, blocked ports left out. */
export type BusiestDestination = Readonly<Record<FamilyLabel, number>>;

/** Counters of a cell beside the ports used: those in TIME_WAIT; those neither blocked for all nor free for reuse. */
const TIME_WAIT = 1;
const TAKEN = 2;

interface Member {
  readonly local: AddressWords;
  readonly remote: AddressWords;
  readonly port: number;
}

/**
 * Counts ephemeral ports by destination: local address, remote address, remote port. A port has one socket per
 * destination (the 4-tuple is unique), so sockets are ports.
 */
export function createDestinationsTally(table: SocketTable, limit: number, noted?: NotedRows) {
  const counts = new CellCounts(2, noted);
  const { addresses } = table;
  const top = new TopCells<Member>(limit, {
    folds: 1,
    foldOf: () => 0,
    compare: (a, b) =>
      addresses.compare(counts.key(a, 1), counts.key(b, 1)) ||
      counts.key(a, 2) - counts.key(b, 2) ||
      addresses.compare(counts.key(a, 0), counts.key(b, 0)),
    remember: (cell) => ({
      local: addresses.wordsOf(counts.key(cell, 0)),
      remote: addresses.wordsOf(counts.key(cell, 1)),
      port: counts.key(cell, 2),
    }),
    recall: ({ local, remote, port }) => {
      const localId = addresses.find(local);
      const remoteId = addresses.find(remote);
      return localId < 0 || remoteId < 0 ? -1 : counts.find(localId, remoteId, port);
    },
  });

  return function countDestinations(classes: PortClasses, rules: EphemeralRules) {
    counts.reset(table.length);
    addRows(table, counts, classes, rules);
    counts.finish();
    const { kept, folded } = top.select(counts);
    const cells = kept.map((cell) => toCell(table, counts, cell));
    const destinations: Breakdown<DestinationCell> = { cells, folded };
    return { destinations, busiest: findBusiest(table, counts) };
  };
}

function addRows(table: SocketTable, counts: CellCounts, classes: PortClasses, rules: EphemeralRules): void {
  const { family, state, localPort, remotePort, localAddress, remoteAddress, milliseconds } = table.columns;
  for (let row = 0; row < table.length; row++) {
    const portClass = classes[localPort[row]!]!;
    if ((portClass & ephemeralBit(family[row]!)) === 0 || (portClass & PortClass.listening) !== 0) continue;
    const rowState = state[row]!;
    if (rowState === TcpState.bound) continue;
    const isTimeWait = rowState === TcpState.timeWait;
    const isBlocked = (portClass & PortClass.blocked) !== 0;
    const isTaken = !isBlocked && (!isTimeWait || !isReusable(table, row, milliseconds[row]!, rules));
    counts.add(localAddress[row]!, remoteAddress[row]!, remotePort[row]!, (isTimeWait ? 1 : 0) | (isTaken ? 2 : 0));
  }
}

/** Whether connect() may take over a TIME_WAIT socket's port: tcp_twsk_unique() in net/ipv4/tcp_ipv4.c. */
function isReusable(table: SocketTable, row: number, millisecondsLeft: number, rules: EphemeralRules): boolean {
  const { scope, afterMs } = rules.timeWaitReuse;
  if (scope === 'never' || rules.timeWaitMs === undefined) return false;
  if (rules.timeWaitMs - millisecondsLeft <= afterMs) return false;
  if (scope === 'always') return true;
  const { localAddress, remoteAddress } = table.columns;
  return isLoopback(table, remoteAddress[row]!) || isLoopback(table, localAddress[row]!);
}

function isLoopback(table: SocketTable, addressId: number): boolean {
  const { addresses } = table;
  const last = addresses.word(addressId, 3);
  if (addresses.isIpv4(addressId)) return (last & FIRST_BYTE_MASK) === LOOPBACK_NET;
  const isRestZero = (addresses.word(addressId, 0) | addresses.word(addressId, 1) | addresses.word(addressId, 2)) === 0;
  return isRestZero && last === LOOPBACK_V6_LAST;
}

/** 127.0.0.0/8 and ::1, in words. */
const FIRST_BYTE_MASK = wordOfBytes(0xff, 0, 0, 0);
const LOOPBACK_NET = wordOfBytes(127, 0, 0, 0);
const LOOPBACK_V6_LAST = wordOfBytes(0, 0, 0, 1);

function findBusiest(table: SocketTable, counts: CellCounts): BusiestDestination {
  const busiest = { ipv4: 0, ipv6: 0 };
  counts.forEach((cell) => {
    const taken = counts.count(cell, TAKEN);
    if (taken <= busiest.ipv4 && taken <= busiest.ipv6) return;
    const family = familyOf(table, counts.key(cell, 1));
    if (taken > busiest[family]) busiest[family] = taken;
  });
  return busiest;
}

function toCell(table: SocketTable, counts: CellCounts, cell: number): DestinationCell {
  return {
    family: familyOf(table, counts.key(cell, 1)),
    localIp: formatAddress(table.addresses.wordsOf(counts.key(cell, 0))),
    remoteIp: formatAddress(table.addresses.wordsOf(counts.key(cell, 1))),
    remotePort: counts.key(cell, 2),
    portsUsed: counts.count(cell),
    portsTimeWait: counts.count(cell, TIME_WAIT),
  };
}

function familyOf(table: SocketTable, addressId: number): FamilyLabel {
  return table.addresses.isIpv4(addressId) ? 'ipv4' : 'ipv6';
}
