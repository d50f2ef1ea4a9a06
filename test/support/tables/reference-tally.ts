import type { EphemeralRange } from '../../../src/model/port-range.ts';
import { directionsByContract } from './contract-directions.ts';
import type { SocketRow } from './socket-rows.ts';

/** Sums by a text of labels: what every cell of a breakdown without limits must be. Slow and obvious on purpose. */
export type Sums = Record<string, number>;

export interface ReferenceCounts {
  readonly states: Sums;
  readonly connections: Sums;
  readonly localPorts: Sums;
  readonly remoteIps: Sums;
  readonly processes: Sums;
  readonly destinations: Sums;
  readonly usedPorts: Record<'ipv4' | 'ipv6', number>;
}

/** Counts rows by the contract's words, one row after the other, with objects and strings. */
export function countByContract(rows: readonly SocketRow[], range: EphemeralRange): ReferenceCounts {
  const counts = {
    states: {},
    connections: {},
    localPorts: {},
    remoteIps: {},
    processes: {},
    destinations: {},
  } as Omit<ReferenceCounts, 'usedPorts'>;
  const used = { ipv4: new Set<number>(), ipv6: new Set<number>() };
  const isEphemeral = (port: number) =>
    port >= range.first &&
    port <= range.last &&
    !range.excluded.some(({ first, last }) => port >= first && port <= last);
  const shownAs = directionsByContract(
    rows.map(({ state, local, remote }) => ({ state, localPort: local[1], remotePort: remote?.[1] ?? 0 })),
    isEphemeral,
  );
  for (const row of rows) {
    const family = row.family ?? (row.local[0].includes(':') ? 'ipv6' : 'ipv4');
    const port = row.local[1];
    const process = row.process ?? 'unknown';
    const isTalking = row.state !== 'listen' && row.state !== 'bound';
    const { isInbound, shownPort } = shownAs({ state: row.state, localPort: port, remotePort: row.remote?.[1] ?? 0 });
    add(counts.states, family, row.state);
    add(counts.localPorts, row.state, shownPort);
    add(counts.processes, row.state, process);
    if (isEphemeral(port)) used[family].add(port);
    if (!isTalking) continue;
    const [peer, peerPort] = row.remote!;
    add(counts.remoteIps, row.state, peer);
    if (isInbound) add(counts.connections, row.state, 'inbound', port, peer, '', process);
    else add(counts.connections, row.state, 'outbound', shownPort, peer, peerPort, process);
    if (!isInbound) add(counts.destinations, row.local[0], peer, peerPort);
  }
  return { ...counts, usedPorts: { ipv4: used.ipv4.size, ipv6: used.ipv6.size } };
}

function add(sums: Sums, ...labels: (string | number)[]): void {
  const key = labels.join(' ');
  sums[key] = (sums[key] ?? 0) + 1;
}
