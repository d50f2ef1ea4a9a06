import { type AddressWords, formatAddress } from '../model/ip-address.ts';
import type { Breakdown, DestinationCell, FamilyLabel } from '../model/socket-counts.ts';
import { TcpState } from '../model/tcp-state.ts';
import { ephemeralBit, PortClass, type PortClasses } from '../table/port-classes.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { Family, Flag, familyOf, hasFlag, localPortOf, remotePortOf, stateOf, Word } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { CellCounts } from './counting/hash-counts.ts';
import { TopCells } from './counting/top-cells.ts';

/** Ports towards the busiest destination that the next connect() to it cannot get, blocked ports left out. */
export type BusiestDestination = Readonly<Record<FamilyLabel, number>>;

/** Counters of a cell beside the ports used: those in TIME_WAIT; those taken (`Flag.taken`) and not blocked for all. */
const TIME_WAIT = 1;
const TAKEN = 2;

/** Lowest bit of the third key word; the remote port stands above it. */
const IPV6_BIT = 1;

interface Member {
  readonly local: AddressWords;
  readonly remote: AddressWords;
  readonly port: number;
}

/**
 * Counts ephemeral ports by destination: local address, remote address, remote port. A port has one socket per
 * destination (the 4-tuple is unique), so sockets are ports.
 */
export function createDestinationsTally(table: SocketTable, limit: number) {
  const counts = new CellCounts(3);
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

  return {
    reset: () => counts.reset(),
    count(rows: Rows, step: 1 | -1, classes: PortClasses) {
      const { words } = rows;
      for (let index = 0; index < rows.length; index++) {
        const at = positionOf(rows, index);
        if (!isOnEphemeralPort(words, at, classes) || stateOf(words, at) === TcpState.bound) continue;
        counts.add(
          words[at + Word.localAddress]!,
          words[at + Word.remoteAddress]!,
          (remotePortOf(words, at) << 1) | (familyOf(words, at) === Family.v4 ? 0 : IPV6_BIT),
          step,
          stateOf(words, at) === TcpState.timeWait ? step : 0,
          hasFlag(words, at, Flag.taken) && (classes[localPortOf(words, at)]! & PortClass.blocked) === 0 ? step : 0,
        );
      }
    },
    select() {
      const { kept, folded } = top.select(counts);
      const cells = kept.map((cell) => toCell(table, counts, cell));
      const destinations: Breakdown<DestinationCell> = { cells, folded };
      return { destinations, busiest: findBusiest(counts) };
    },
  };
}

/** Whether the row's port was handed out by the OS, as far as one can tell. */
export function isOnEphemeralPort(words: Int32Array, at: number, classes: PortClasses): boolean {
  const portClass = classes[localPortOf(words, at)]!;
  return (portClass & PortClass.listening) === 0 && (portClass & ephemeralBit(familyOf(words, at))) !== 0;
}

function findBusiest(counts: CellCounts): BusiestDestination {
  const [ipv4, ipv6] = counts.largest(TAKEN, IPV6_BIT);
  return { ipv4: ipv4!, ipv6: ipv6! };
}

function toCell(table: SocketTable, counts: CellCounts, cell: number): DestinationCell {
  return {
    family: (counts.key(cell, 2) & IPV6_BIT) === 0 ? 'ipv4' : 'ipv6',
    localIp: formatAddress(table.addresses.wordsOf(counts.key(cell, 0))),
    remoteIp: formatAddress(table.addresses.wordsOf(counts.key(cell, 1))),
    remotePort: counts.key(cell, 2) >> 1,
    portsUsed: counts.count(cell),
    portsTimeWait: counts.count(cell, TIME_WAIT),
  };
}
