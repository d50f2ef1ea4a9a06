/**
 * One collector: what it reads, and what is missing without it. The row behind `--collector.<name>` and `collect[]`.
 */
export interface CollectorInfo {
  readonly name: CollectorName;
  readonly help: string;
  readonly platforms: readonly PlatformName[];
  /** Off unless its own flag turns it on. */
  readonly isOff?: boolean;
}

export type PlatformName = 'linux' | 'windows';

export type CollectorName =
  | 'sockets'
  | 'processes'
  | 'units'
  | 'close_wait'
  | 'ephemeral_ports'
  | 'counters'
  | 'memory'
  | 'conntrack'
  | 'settings'
  | 'namespace'
  | 'netns'
  | 'connection_events'
  | 'port_exhaustion_events';

const BOTH: readonly PlatformName[] = ['linux', 'windows'];

/** Every collector, in the order they run. */
export const COLLECTORS: readonly CollectorInfo[] = [
  { name: 'ephemeral_ports', help: 'the ephemeral port range and how far it is used', platforms: BOTH },
  { name: 'counters', help: 'host-wide TCP counters (opens, resets, retransmits, overflows)', platforms: BOTH },
  { name: 'memory', help: 'orphaned sockets and TCP memory, with their limits', platforms: ['linux'] },
  { name: 'conntrack', help: 'connection tracking entries, their limit and what was refused', platforms: ['linux'] },
  { name: 'settings', help: 'the settings that limit TCP', platforms: BOTH },
  { name: 'namespace', help: 'whether the exporter sees the network namespace of the host', platforms: ['linux'] },
  { name: 'port_exhaustion_events', help: 'events 4227 and 4231 of the System log', platforms: ['windows'] },
  { name: 'sockets', help: 'the sockets by state, port and peer, and accept queues', platforms: BOTH },
  { name: 'processes', help: 'which process owns each socket, and its file descriptors', platforms: BOTH },
  { name: 'units', help: 'which systemd unit, container or service owns each socket', platforms: BOTH },
  { name: 'close_wait', help: 'how long CLOSE_WAIT sockets have waited', platforms: BOTH },
  { name: 'netns', help: 'the other network namespaces of the host: pods and containers', platforms: ['linux'] },
  {
    name: 'connection_events',
    help: 'who opens and closes connections, and why connect() fails, by programs in the kernel (needs CAP_BPF, CAP_PERFMON, Linux 5.17); off unless turned on',
    platforms: ['linux'],
    isOff: true,
  },
];

/** The collectors of a platform. */
export function collectorsOf(platform: PlatformName): readonly CollectorInfo[] {
  return COLLECTORS.filter((collector) => collector.platforms.includes(platform));
}
