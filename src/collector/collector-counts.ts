import type { CollectorName } from '../model/collectors.ts';
import type { SocketCounts } from '../model/socket-counts.ts';

/** The collector that provides each of the counts. Counts without a row here would be on no page. */
const COLLECTOR_OF: Readonly<Record<keyof SocketCounts, CollectorName>> = {
  states: 'sockets',
  connections: 'sockets',
  localPorts: 'sockets',
  remoteIps: 'sockets',
  listeners: 'sockets',
  listenerDrops: 'sockets',
  processes: 'processes',
  unattributed: 'processes',
  processFds: 'processes',
  units: 'units',
  closeWait: 'close_wait',
  ephemeral: 'ephemeral_ports',
};

const COUNTING: ReadonlySet<CollectorName> = new Set(Object.values(COLLECTOR_OF));

/** Whether a collector reads the socket table. */
export function isCounting(collector: CollectorName): boolean {
  return COUNTING.has(collector);
}

/** The counts that the wanted collectors provide. */
export function pickCounts(counts: SocketCounts, wanted: Iterable<CollectorName>): SocketCounts {
  const names = new Set(wanted);
  const entries = Object.entries(counts) as [keyof SocketCounts, SocketCounts[keyof SocketCounts]][];
  return Object.fromEntries(entries.filter(([key, value]) => names.has(COLLECTOR_OF[key]) && value !== undefined));
}
