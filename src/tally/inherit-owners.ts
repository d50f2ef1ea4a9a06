import { Reason, type SocketTable } from '../model/socket-table.ts';
import { TcpState } from '../model/tcp-state.ts';
import { compareText } from './compare-text.ts';
import { PortClass, type PortClasses } from './port-classes.ts';

/** Rows that listen on one port, in an order that tells which of them another row belongs to. */
type Listeners = readonly number[];

/**
 * Gives every row for which the kernel keeps no owner (TIME_WAIT, SYN_RECV, waiting for accept(), orphans) what can be
 * known: an inbound one takes process and group of the listener it came through, the others get the reason.
 */
export function inheritOwners(table: SocketTable, ports: PortClasses, withProcesses: boolean): void {
  const { columns } = table;
  const listeners = listenersByPort(table);
  for (let row = 0; row < table.length; row++) {
    if (columns.owner[row] !== 0) continue;
    const listener = findListener(table, row, ports, listeners);
    if (listener >= 0 && columns.group[row] === 0) columns.group[row] = columns.group[listener]!;
    if (!withProcesses) continue;
    if (listener < 0) columns.reason[row] = reasonWithoutListener(columns.state[row]!);
    else {
      columns.process[row] = columns.process[listener]!;
      columns.reason[row] = columns.reason[listener]!;
    }
  }
}

/** Only a connection that is fully open can wait for accept(); of all others the kernel has dropped the owner. */
function reasonWithoutListener(state: number): Reason {
  const canWait = state === TcpState.established || state === TcpState.closeWait;
  return canWait ? Reason.unaccepted : Reason.kernel;
}

function listenersByPort(table: SocketTable): ReadonlyMap<number, Listeners> {
  const { state, localPort, owner } = table.columns;
  const byPort = new Map<number, number[]>();
  for (let row = 0; row < table.length; row++) {
    if (state[row] !== TcpState.listen || owner[row] === 0) continue;
    const rows = byPort.get(localPort[row]!);
    if (rows === undefined) byPort.set(localPort[row]!, [row]);
    else rows.push(row);
  }
  for (const [port, rows] of byPort) if (rows.length > 1) byPort.set(port, firstOfEachAddress(table, rows));
  return byPort;
}

/**
 * Of several listeners on one address (SO_REUSEPORT) nobody can tell which one a row came through: one with a known process
 * counts, the first by name, so that it stays the same. What is left is looked through for every row.
 */
function firstOfEachAddress(table: SocketTable, rows: number[]): number[] {
  const { family, localAddress, process } = table.columns;
  const nameOf = (row: number) => table.processNames.nameOf(process[row]!);
  rows.sort((a, b) => Number(process[a] === 0) - Number(process[b] === 0) || compareText(nameOf(a), nameOf(b)));
  const firsts = new Map<string, number>();
  for (const row of rows) {
    const address = `${family[row]} ${localAddress[row]}`;
    if (!firsts.has(address)) firsts.set(address, row);
  }
  return [...firsts.values()];
}

/** The row of the listener that a row came through: on its own address, else on a wildcard address; −1 for none. */
function findListener(
  table: SocketTable,
  row: number,
  ports: PortClasses,
  listeners: ReadonlyMap<number, Listeners>,
): number {
  const port = table.columns.localPort[row]!;
  if ((ports[port]! & PortClass.listening) === 0) return -1;
  const rows = listeners.get(port) ?? [];
  const { localAddress, remoteAddress, family } = table.columns;
  let best = -1;
  let bestRank = 0;
  for (const listener of rows) {
    // a listener's remote address is its family's wildcard, so a local address equal to it listens on all
    const isWildcard = localAddress[listener] === remoteAddress[listener];
    const isSameFamily = family[listener] === family[row];
    const isExact = localAddress[listener] === localAddress[row];
    const rank = isExact ? 3 : !isWildcard ? 0 : isSameFamily ? 2 : 1;
    if (rank > bestRank) {
      best = listener;
      bestRank = rank;
    }
  }
  return best;
}
