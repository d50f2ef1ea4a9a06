import { TcpState } from '../../../model/tcp-state.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { SocketReader } from '../../platform.ts';
import { countRows, decodeRow, stateAt, type TcpTable } from './tcp-table.ts';

/** CLOSE_WAIT sockets remembered; further ones have no age. */
const MOST_REMEMBERED = 50_000;

/**
 * Reads the CLOSE_WAIT sockets and the listeners again from the tables of the last scrape. Windows does not say how
 * long a socket has been in a state, so each is remembered from the first scrape that showed it: its age is a lower
 * bound. No socket returns to CLOSE_WAIT, and addresses, ports and creation time identify a socket for good.
 */
export function createCloseWaitReader(lastTables: () => readonly TcpTable[]): SocketReader {
  let firstSeenMs: ReadonlyMap<string, number> = new Map();
  return {
    source: 'iphlpapi',
    read(table, budget) {
      const nowMs = budget.now();
      const seen = new Map<string, number>();
      for (const source of lastTables()) {
        readTable(source, table, (name) => {
          if (name === undefined || seen.size >= MOST_REMEMBERED) return 0;
          const firstMs = firstSeenMs.get(name) ?? nowMs;
          seen.set(name, firstMs);
          return nowMs - firstMs;
        });
      }
      firstSeenMs = seen;
    },
  };
}

function readTable(source: TcpTable, table: SocketTable, ageOf: (name: string | undefined) => number): void {
  const { buffer, layout } = source;
  const rows = countRows(source);
  for (let row = 0, at = layout.firstRow; row < rows; row++, at += layout.rowLength) {
    const state = stateAt(buffer, at, layout);
    if (state !== TcpState.closeWait && state !== TcpState.listen) continue;
    decodeRow(buffer, at, layout, state, table, state === TcpState.closeWait ? ageOf(nameSocket(source, at)) : 0);
  }
}

/** Undefined without a creation time: a later socket may have the same addresses and ports. */
function nameSocket({ buffer, layout }: TcpTable, at: number): string | undefined {
  const { words, halves } = buffer;
  const created = (at + layout.created) >> 2;
  if (layout.created < 0 || (words[created] === 0 && words[created + 1] === 0)) return undefined;
  const addressWords = layout.isIpv6 ? 4 : 1;
  const local = (at + layout.localAddress) >> 2;
  const remote = (at + layout.remoteAddress) >> 2;
  return [
    ...words.subarray(local, local + addressWords),
    halves[(at + layout.localPort) >> 1],
    ...words.subarray(remote, remote + addressWords),
    halves[(at + layout.remotePort) >> 1],
    words[created],
    words[created + 1],
  ].join();
}
