import type { CollectorName, PlatformName } from '../model/collectors.ts';

type Advice = Readonly<Record<PlatformName, Partial<Readonly<Record<CollectorName, string>>>>>;

const PROCFS = 'see that --path.procfs names a mounted procfs that this user may read, with sys/net in it';

/** What to look at when a collector fails, besides the reason it gives. */
const WAYS_OUT: Advice = {
  linux: {
    ephemeral_ports: PROCFS,
    counters: PROCFS,
    memory: PROCFS,
    settings: PROCFS,
    namespace: PROCFS,
    sockets: 'see that the seccomp profile of the service or container lets AF_NETLINK and AF_INET sockets be made',
    processes: PROCFS,
    units: 'see that --path.sysfs names a mounted sysfs, with fs/cgroup in it',
    close_wait: 'see what the collector sockets says',
  },
  windows: {
    ephemeral_ports:
      'run "netsh int ipv4 show dynamicport tcp": it must print exactly two lines that end with a colon and a number; and "netsh int ipv4 show excludedportrange protocol=tcp": it must print a line of dashes',
    port_exhaustion_events:
      'run "wevtutil gli System": the log must be readable, which members of Event Log Readers may',
    sockets: 'see whether "netstat -ano" works; if it does, this is a mistake of the exporter',
    processes: 'see whether "tasklist" works; if it does, this is a mistake of the exporter',
    units: 'see whether "sc query" works; if it does, this is a mistake of the exporter',
  },
};

/** Why a collector that is on, and does not fail, may have nothing to tell. */
const REASONS_OF_ABSENCE: Advice = {
  linux: {
    conntrack: 'connection tracking is not loaded in this kernel or network namespace',
    namespace: 'PID 1 of the host cannot be seen from here',
    units: 'no cgroup2 below --path.sysfs, or the sockets come from /proc/net/tcp, which does not tell it',
    close_wait: 'the sockets come from /proc/net/tcp, which does not tell it',
  },
  windows: {},
};

export function wayOutOf(platform: PlatformName, collector: CollectorName): string | undefined {
  return WAYS_OUT[platform][collector];
}

export function reasonOfAbsence(platform: PlatformName, collector: CollectorName): string {
  return REASONS_OF_ABSENCE[platform][collector] ?? 'this system does not tell it';
}
