import type { AddressWords } from '../model/ip-address.ts';
import { OTHER_LABEL } from '../model/name-table.ts';
import type { Breakdown, ConnectionCell, Direction } from '../model/socket-counts.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { TcpState } from '../model/tcp-state.ts';
import { CellCounts } from './cell-counts.ts';
import { compareText } from './compare-text.ts';
import type { NotedRows } from './noted-rows.ts';
import type { Peers } from './peers.ts';
import { ephemeralBit, PortClass, type PortClasses } from './port-classes.ts';
import { TopCells } from './top-cells.ts';

/** Port 0 in a key: a local port folded into `ephemeral`, or a remote port folded into nothing. */
const FOLDED_PORT = 0;
const EPHEMERAL_LABEL = 'ephemeral';
const DIRECTIONS: readonly Direction[] = ['inbound', 'outbound'];
const OUTBOUND = 1;
/** Low bits of the third key word: 4 of state, 1 of direction. The process id stands above them. */
const USE_BITS = 5;
const USE_MASK = 0x1f;

/** Key words of a cell: peer; local and remote port, 16 bits each; process, direction and state. */
interface Member {
  readonly peer: AddressWords;
  readonly ports: number;
  readonly process: string;
  readonly use: number;
}

/** Counts who talks to whom: sockets by service port and peer. LISTEN and bound sockets talk to nobody. */
export function createConnectionsTally(table: SocketTable, limit: number, noted?: NotedRows) {
  const counts = new CellCounts(0, noted);
  const { addresses, processNames } = table;
  const top = new TopCells<Member>(limit, {
    folds: USE_MASK + 1,
    foldOf: (cell) => counts.key(cell, 2) & USE_MASK,
    compare: (a, b) =>
      (counts.key(a, 2) & USE_MASK) - (counts.key(b, 2) & USE_MASK) ||
      (counts.key(a, 1) >>> 0) - (counts.key(b, 1) >>> 0) ||
      addresses.compare(counts.key(a, 0), counts.key(b, 0)) ||
      compareText(
        processNames.nameOf(counts.key(a, 2) >>> USE_BITS),
        processNames.nameOf(counts.key(b, 2) >>> USE_BITS),
      ),
    remember: (cell) => ({
      peer: addresses.wordsOf(counts.key(cell, 0)),
      ports: counts.key(cell, 1),
      process: processNames.nameOf(counts.key(cell, 2) >>> USE_BITS),
      use: counts.key(cell, 2) & USE_MASK,
    }),
    recall: ({ peer, ports, process, use }) => {
      const peerId = addresses.find(peer);
      const processId = processNames.find(process);
      return peerId < 0 || processId < 0 ? -1 : counts.find(peerId, ports, (processId << USE_BITS) | use);
    },
  });

  return function countConnections(classes: PortClasses, peers: Peers): Breakdown<ConnectionCell> {
    counts.reset(table.length);
    addRows(table, counts, classes, peers);
    counts.finish();
    const { kept, other, folded } = top.select(counts);
    const cells = kept.map((cell): ConnectionCell => {
      const isOutbound = (counts.key(cell, 2) >> 4) & 1;
      const localPort = counts.key(cell, 1) >>> 16;
      const remotePort = counts.key(cell, 1) & 0xffff;
      return {
        state: counts.key(cell, 2) & 0xf,
        direction: DIRECTIONS[isOutbound]!,
        localPort: localPort === FOLDED_PORT ? EPHEMERAL_LABEL : String(localPort),
        remoteIp: peers.label(counts.key(cell, 0)),
        remotePort: remotePort === FOLDED_PORT ? '' : String(remotePort),
        process: processNames.nameOf(counts.key(cell, 2) >>> USE_BITS),
        sockets: counts.count(cell),
      };
    });
    return { cells: [...cells, ...otherCells(other)], folded };
  };
}

function addRows(table: SocketTable, counts: CellCounts, classes: PortClasses, peers: Peers): void {
  const { family, state, localPort, remotePort, remoteAddress, process } = table.columns;
  for (let row = 0; row < table.length; row++) {
    const rowState = state[row]!;
    if (rowState === TcpState.listen || rowState === TcpState.bound) continue;
    const port = localPort[row]!;
    const portClass = classes[port]!;
    const peer = peers.groupOf(remoteAddress[row]!);
    if ((portClass & PortClass.listening) !== 0) {
      counts.add(peer, port << 16, (process[row]! << USE_BITS) | rowState);
    } else {
      const shownPort = (portClass & ephemeralBit(family[row]!)) !== 0 ? FOLDED_PORT : port;
      counts.add(peer, (shownPort << 16) | remotePort[row]!, (process[row]! << USE_BITS) | (OUTBOUND << 4) | rowState);
    }
  }
}

function otherCells(other: readonly number[]): ConnectionCell[] {
  return other.flatMap((sockets, fold) =>
    sockets === 0
      ? []
      : {
          state: fold & 0xf,
          direction: DIRECTIONS[fold >> 4]!,
          localPort: OTHER_LABEL,
          remoteIp: OTHER_LABEL,
          remotePort: OTHER_LABEL,
          process: OTHER_LABEL,
          sockets,
        },
  );
}
