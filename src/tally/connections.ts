import { compareText } from '../model/compare-text.ts';
import type { Filters } from '../model/filters.ts';
import type { ScopedWords } from '../model/ip-address.ts';
import type { Breakdown, ConnectionCell, Direction } from '../model/socket-counts.ts';
import { isConnection } from '../table/connection-states.ts';
import { OTHER_LABEL } from '../table/name-table.ts';
import type { Peers } from '../table/peers.ts';
import { ephemeralBit, isInbound, type PortClasses } from '../table/port-classes.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import {
  Flag,
  familyOf,
  hasFlag,
  localPortOf,
  type RowWords,
  remotePortOf,
  stateOf,
  Word,
} from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { FilteredCounts } from './counting/filtered-counts.ts';
import { HashCounts } from './counting/hash-counts.ts';
import { TopCells } from './counting/top-cells.ts';
import type { LeftOut } from './left-out.ts';

/** Port 0 in a key: a local port that counts as `ephemeral`, or a remote port that does not count. */
const FOLDED_PORT = 0;
const EPHEMERAL_LABEL = 'ephemeral';
export const OWN_RANGE_LABEL = 'own_range';
const DIRECTIONS: readonly Direction[] = ['inbound', 'outbound'];
const OUTBOUND_BIT = 1 << 4;
/** Low bits of the third key word: 4 of state, 1 of direction, OWN_RANGE. The process id is above them. */
const USE_BITS = 6;
const FOLD_MASK = 0x1f;
const USE_MASK = 0x3f;
/** The local port belongs to a program's own range, and is FOLDED_PORT. */
const OWN_RANGE = 1 << 5;

/** Key words of a cell: peer; local and remote port, 16 bits each; process, direction and state. */
interface Member {
  readonly peer: ScopedWords;
  readonly ports: number;
  readonly process: string;
  readonly use: number;
}

/** Counts who talks to whom: sockets by service port and peer. LISTEN and bound sockets have no peer. */
export function createConnectionsTally(table: CountedTable, limit: number, peers: Peers, leftOut: LeftOut) {
  const counts = new HashCounts(1, FOLD_MASK);
  const filtered = new FilteredCounts(FOLD_MASK + 1);
  const { addresses, processNames } = table;
  const top = new TopCells<Member>(limit, {
    folds: FOLD_MASK + 1,
    foldOf: (cell) => counts.key(cell, 2) & FOLD_MASK,
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

  return { reset, count, select };

  function reset(filters?: Filters): void {
    counts.reset();
    filtered.reset(filters);
  }

  function count(rows: Rows, step: 1 | -1, classes: PortClasses): void {
    const { words } = rows;
    for (let index = 0; index < rows.length; index++) {
      const at = positionOf(rows, index);
      if (isConnection(stateOf(words, at))) countRow(words, at, step, classes);
    }
  }

  function countRow(words: RowWords, at: number, step: 1 | -1, classes: PortClasses): void {
    const state = stateOf(words, at);
    const port = localPortOf(words, at);
    const peer = peers.groupOf(words[at + Word.remoteAddress]!);
    const process = words[at + Word.process]!;
    if (isInbound(words, at, classes)) {
      countCell(state, peer, port, FOLDED_PORT, process, 0, step);
      return;
    }
    const isOwnRange = hasFlag(words, at, Flag.ownRange);
    const isFolded = isOwnRange || (classes[port]! & ephemeralBit(familyOf(words, at))) !== 0;
    const localPort = isFolded ? FOLDED_PORT : port;
    const flags = isOwnRange ? OWN_RANGE : 0;
    countCell(state | OUTBOUND_BIT, peer, localPort, remotePortOf(words, at), process, flags, step);
  }

  function countCell(
    fold: number,
    peer: number,
    localPort: number,
    remotePort: number,
    process: number,
    flags: number,
    step: 1 | -1,
  ): void {
    if (leftOut.filters !== undefined && leftOut.hasConnection(peer, localPort, remotePort, process))
      filtered.byFold[fold]! += step;
    else counts.add(peer, (localPort << 16) | remotePort, (process << USE_BITS) | flags | fold, step);
  }

  function select(): Breakdown<ConnectionCell> {
    const { kept, other, folded } = top.select(counts);
    const others = other.flatMap((sockets, fold) => (sockets === 0 ? [] : [sumCell(fold, OTHER_LABEL, sockets)]));
    return filtered.addTo({ cells: [...kept.map(toCell), ...others], folded }, sumCell);
  }

  function toCell(cell: number): ConnectionCell {
    const isOutbound = (counts.key(cell, 2) >> 4) & 1;
    const localPort = counts.key(cell, 1) >>> 16;
    const remotePort = counts.key(cell, 1) & 0xffff;
    return {
      state: counts.key(cell, 2) & 0xf,
      direction: DIRECTIONS[isOutbound]!,
      localPort:
        localPort !== FOLDED_PORT
          ? String(localPort)
          : (counts.key(cell, 2) & OWN_RANGE) !== 0
            ? OWN_RANGE_LABEL
            : EPHEMERAL_LABEL,
      remoteIp: peers.label(counts.key(cell, 0)),
      remotePort: remotePort === FOLDED_PORT ? '' : String(remotePort),
      process: processNames.nameOf(counts.key(cell, 2) >>> USE_BITS),
      sockets: counts.count(cell),
    };
  }
}

/** The sum of those without cells of their own. */
function sumCell(fold: number, label: string, sockets: number): ConnectionCell {
  return {
    state: fold & 0xf,
    direction: DIRECTIONS[fold >> 4]!,
    localPort: label,
    remoteIp: label,
    remotePort: label,
    process: label,
    sockets,
  };
}
