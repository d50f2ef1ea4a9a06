import type { ListenerCell, ProcessFds, SocketCounts } from '../../../src/model/socket-counts.ts';
import { TcpState } from '../../../src/model/tcp-state.ts';
import { destination, states, unattributed } from '../../support/pages/snapshot-cells.ts';
import type { Flow } from './flows.ts';

export interface CountedHost {
  readonly flows: readonly Flow[];
  readonly listeners: readonly ListenerCell[];
  readonly range: { readonly first: number; readonly last: number; readonly ports: number };
  /** Windows: a port is held against every destination. */
  readonly heldAgainst: 'destination' | 'host';
  readonly closeWait?: SocketCounts['closeWait'];
  readonly fds: readonly ProcessFds[];
}

/** What the tallies would have counted, so that every breakdown adds up to the states. */
export function countFlows(host: CountedHost): SocketCounts {
  const { flows, listeners } = host;
  const perState = sumBy(flows, (flow) => flow.state);
  const listening = { listen: listeners.length || 26 };
  const cellsBy = <Key extends string>(key: Key, labelOf: (flow: Flow) => string) => ({
    cells: [...sumBy(flows, (flow) => `${flow.state}|${labelOf(flow)}`)].map(([id, sockets]) => {
      const [state, value] = id.split('|') as [Flow['state'], string];
      return { state: TcpState[state], [key]: value, sockets } as { state: number; sockets: number } & Record<
        Key,
        string
      >;
    }),
    folded: 0,
  });
  return {
    states: { ipv4: states({ ...Object.fromEntries(perState), ...listening }), ipv6: states({}) },
    connections: { cells: flows.map((flow) => ({ ...flow, state: TcpState[flow.state] })), folded: 12 },
    localPorts: cellsBy('localPort', (flow) => flow.localPort),
    remoteIps: cellsBy('remoteIp', (flow) => flow.remoteIp),
    processes: cellsBy('process', (flow) => flow.process),
    units: cellsBy('unit', (flow) => flow.unit),
    unattributed: unattributed({ timeWait: { kernel: sumOf(flows.filter(({ process }) => process === 'unknown')) } }),
    listeners: { cells: listeners, folded: 0 },
    ephemeral: countPorts(host),
    ...(host.closeWait === undefined ? {} : { closeWait: host.closeWait }),
    processFds: { cells: host.fds, folded: 0 },
  };
}

function countPorts({ flows, range, heldAgainst }: CountedHost): NonNullable<SocketCounts['ephemeral']> {
  const out = flows.filter(({ localPort }) => localPort === 'ephemeral');
  const byDestination = sumBy(out, (flow) => `${flow.localIp}|${flow.remoteIp}|${flow.remotePort}`);
  const waiting = sumBy(
    out.filter(({ state }) => state === 'timeWait'),
    (flow) => `${flow.localIp}|${flow.remoteIp}|${flow.remotePort}`,
  );
  const destinations = [...byDestination].map(([id, used]) => {
    const [localIp, remoteIp, remotePort] = id.split('|') as [string, string, string];
    return destination(localIp, remoteIp, Number(remotePort), used, waiting.get(id) ?? 0);
  });
  const used = Math.min(range.ports, sumOf(out));
  const blocked = 2;
  const busiest = Math.max(...byDestination.values());
  const taken = heldAgainst === 'host' ? used : busiest + blocked;
  const processes = [...sumBy(out, ({ process }) => process)].map(([process, ports]) => ({ process, ports }));
  return {
    families: [
      { family: 'ipv4', ...range, used, blocked, listening: 0, utilization: Math.min(1, taken / range.ports) },
      { family: 'ipv6', ...range, used: 0, blocked: 0, listening: 0, utilization: 0 },
    ],
    destinations: { cells: destinations, folded: 0 },
    processes: { cells: processes, folded: 0 },
    listeners: [],
    holders: [],
  };
}

function sumBy(flows: readonly Flow[], keyOf: (flow: Flow) => string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const flow of flows) sums.set(keyOf(flow), (sums.get(keyOf(flow)) ?? 0) + flow.sockets);
  return sums;
}

function sumOf(flows: readonly Flow[]): number {
  return flows.reduce((sum, { sockets }) => sum + sockets, 0);
}
