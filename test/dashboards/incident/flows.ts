import type { Direction } from '../../../src/model/socket-counts.ts';
import type { TcpState } from '../../../src/model/tcp-state.ts';

/** Equal sockets of one host at one moment. */
export interface Flow {
  readonly state: Exclude<keyof typeof TcpState, 'unknown'>;
  readonly direction: Direction;
  readonly localIp: string;
  /** `ephemeral` for outgoing connections. */
  readonly localPort: string;
  readonly remoteIp: string;
  /** Empty for incoming connections. */
  readonly remotePort: string;
  readonly process: string;
  readonly unit: string;
  readonly sockets: number;
}

/** A service that the host calls: sockets of one process towards one address and port. */
export function outgoing(
  host: { readonly ip: string; readonly process: string; readonly unit: string },
  remote: { readonly ip: string; readonly port: string },
  counts: Readonly<Partial<Record<Flow['state'], number>>>,
): Flow[] {
  return occurring(counts).map(([state, sockets]) => ({
    state: state as Flow['state'],
    direction: 'outbound',
    localIp: host.ip,
    localPort: 'ephemeral',
    remoteIp: remote.ip,
    remotePort: remote.port,
    ...ownerOf(state, host),
    sockets,
  }));
}

/** Clients of a service of the host. */
export function incoming(
  host: { readonly ip: string; readonly process: string; readonly unit: string },
  port: string,
  remoteIp: string,
  counts: Readonly<Partial<Record<Flow['state'], number>>>,
): Flow[] {
  return occurring(counts).map(([state, sockets]) => ({
    state: state as Flow['state'],
    direction: 'inbound',
    localIp: host.ip,
    localPort: port,
    remoteIp,
    remotePort: '',
    process: host.process,
    unit: host.unit,
    sockets,
  }));
}

/** A page has no cell for what does not occur. */
function occurring(counts: Readonly<Partial<Record<Flow['state'], number>>>): [string, number][] {
  const rounded = Object.entries(counts).map(([state, sockets]): [string, number] => [state, Math.round(sockets)]);
  return rounded.filter(([, sockets]) => sockets > 0);
}

/** The kernel keeps no owner of an outgoing socket in TIME_WAIT. */
function ownerOf(state: string, host: { readonly process: string; readonly unit: string }) {
  return state === 'timeWait' ? { process: 'unknown', unit: 'unknown' } : { process: host.process, unit: host.unit };
}
