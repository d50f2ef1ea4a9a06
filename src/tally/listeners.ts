import type { Breakdown, ListenerCell } from '../model/socket-counts.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { keepLargest } from './counting/largest-values.ts';

/** Accept queues, fullest first; if several share address, port and process (SO_REUSEPORT), the fullest. */
export function countListeners(table: CountedTable, limit: number): Breakdown<ListenerCell> {
  const fullest = new Map<string, ListenerCell>();
  for (const { row, length, limit: queueLimit } of table.listenQueues) {
    const { localAddress, localPort, process } = table.rowAt(row);
    const cell = {
      localIp: table.addresses.textOf(localAddress),
      localPort,
      process: table.processNames.nameOf(process),
      queueLength: length,
      queueLimit,
    };
    const known = fullest.get(textOf(cell));
    if (known === undefined || fillOf(cell) > fillOf(known)) fullest.set(textOf(cell), cell);
  }
  return keepLargest([...fullest.values()], limit, fillOf, textOf);
}

/** Share of the queue in use; its length if the limit is unknown. A limit of 0 still lets one connection wait. */
export function fillOf(cell: Pick<ListenerCell, 'queueLength' | 'queueLimit'>): number {
  return cell.queueLimit === undefined ? cell.queueLength : cell.queueLength / (cell.queueLimit + 1);
}

function textOf(cell: ListenerCell): string {
  return `${String(cell.localPort).padStart(5, '0')} ${cell.localIp} ${cell.process}`;
}
