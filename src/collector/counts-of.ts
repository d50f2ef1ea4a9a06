import type { CollectorName } from '../model/collectors.ts';
import type { SocketCounts } from '../model/socket-counts.ts';

/** The collectors that see the socket table, and which of its counts each of them answers for. */
export const COUNTS_OF: Partial<Record<CollectorName, readonly (keyof SocketCounts)[]>> = {
  sockets: ['states', 'connections', 'localPorts', 'remoteIps', 'listeners'],
  processes: ['processes', 'unattributed', 'processFds'],
  units: ['units'],
  close_wait: ['closeWait'],
  ephemeral_ports: ['ephemeral'],
};

/** The counts that the wanted collectors answer for. */
export function pickCounts(counts: SocketCounts, wanted: Iterable<CollectorName>): SocketCounts {
  const keys = [...wanted].flatMap((name) => COUNTS_OF[name] ?? []);
  return Object.fromEntries(keys.filter((key) => counts[key] !== undefined).map((key) => [key, counts[key]]));
}
