import { compareText } from '../model/compare-text.ts';
import type { AddressWords } from '../model/ip-address.ts';
import type { Breakdown, ConnectionCell, Direction } from '../model/socket-counts.ts';
import { TcpState } from '../model/tcp-state.ts';
import { OTHER_LABEL } from '../table/name-table.ts';
import type { Peers } from '../table/peers.ts';
import { ephemeralBit, PortClass, type PortClasses } from '../table/port-classes.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { familyOf, localPortOf, remotePortOf, stateOf, Word } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { CellCounts } from './counting/hash-counts.ts';
import { TopCells } from './counting/top-cells.ts';

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
export function createConnectionsTally(table: SocketTable, limit: number, peers: Peers) {
  const counts = new CellCounts(1, USE_MASK);
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

  return { reset: () => counts.reset(), count, select };

  function count(rows: Rows, step: 1 | -1, classes: PortClasses): void {
    const { words } = rows;
    for (let index = 0; index < rows.length; index++) {
      const at = positionOf(rows, index);
      const state = stateOf(words, at);
      if (state === TcpState.listen || state === TcpState.bound) continue;
      const port = localPortOf(words, at);
      const portClass = classes[port]!;
      const peer = peers.groupOf(words[at + Word.remoteAddress]!);
      const use = (words[at + Word.process]! << USE_BITS) | state;
      if ((portClass & PortClass.listening) !== 0) counts.add(peer, port << 16, use, step);
      else {
        const shownPort = (portClass & ephemeralBit(familyOf(words, at))) !== 0 ? FOLDED_PORT : port;
        counts.add(peer, (shownPort << 16) | remotePortOf(words, at), use | (OUTBOUND << 4), step);
      }
    }
  }

  function select(): Breakdown<ConnectionCell> {
    const { kept, other, folded } = top.select(counts);
    return { cells: [...kept.map(toCell), ...otherCells(other)], folded };
  }

  function toCell(cell: number): ConnectionCell {
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
