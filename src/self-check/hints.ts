import type { CollectorName, PlatformName } from '../model/collectors.ts';
import type { Snapshot } from '../model/snapshot.ts';

type Advice = Readonly<Record<PlatformName, Partial<Readonly<Record<CollectorName, string>>>>>;

const PROCFS = 'check that --path.procfs names a mounted procfs that this user may read, with sys/net in it';

/** What to check when a collector fails, besides the reason it gives. */
const HINTS: Advice = {
  linux: {
    ephemeral_ports: PROCFS,
    counters: PROCFS,
    memory: PROCFS,
    settings: PROCFS,
    namespace: PROCFS,
    sockets: 'check that the seccomp profile of the service or container allows AF_NETLINK and AF_INET sockets',
    processes: PROCFS,
    units: 'check that --path.sysfs names a mounted sysfs, with fs/cgroup in it',
    close_wait: 'see what the collector sockets reports',
    connection_events: 'give the exporter CAP_BPF and CAP_PERFMON (with-kernel-reader.conf), or turn it off',
  },
  windows: {
    ephemeral_ports:
      'run "netsh int ipv4 show dynamicport tcp": it must print exactly two lines that end with a colon and a number; and "netsh int ipv4 show excludedportrange protocol=tcp": it must print a line of dashes',
    port_exhaustion_events:
      'run "wevtutil gli System": the log must be readable, which members of Event Log Readers may',
    sockets: 'check whether "netstat -ano" works; if it does, this is a bug of the exporter',
    processes: 'check whether "tasklist" works; if it does, this is a bug of the exporter',
    units: 'check whether "sc query" works; if it does, this is a bug of the exporter',
  },
};

/** Why an enabled collector that does not fail may find nothing. */
const REASONS_OF_ABSENCE: Advice = {
  linux: {
    conntrack: 'connection tracking is not loaded in this kernel or network namespace',
    namespace: 'the exporter cannot see PID 1 of the host',
    units: 'no cgroup2 below --path.sysfs, or the sockets come from /proc/net/tcp, which does not have it',
    close_wait: 'the sockets come from /proc/net/tcp, which does not have it',
  },
  windows: {},
};

export function hintFor(platform: PlatformName, collector: CollectorName): string | undefined {
  return HINTS[platform][collector];
}

export function reasonOfAbsence(platform: PlatformName, collector: CollectorName): string {
  return REASONS_OF_ABSENCE[platform][collector] ?? 'this system does not provide it';
}

/** How to see the host if the exporter sees a container instead. */
export function hintsToHost({ namespace }: Snapshot, collectors: ReadonlySet<CollectorName>): readonly string[] {
  return [
    ...(namespace?.isHostNetwork === false
      ? [`${SHARE} network (Docker: --network=host, Kubernetes: hostNetwork)`]
      : []),
    ...(namespace?.isHostPid === false && collectors.has('processes')
      ? [
          `${SHARE} pid namespace (Docker: --pid=host, Kubernetes: hostPID), or turn owners off with --no-collector.processes`,
        ]
      : []),
  ];
}

const SHARE = "to see the host, give the exporter the host's";
