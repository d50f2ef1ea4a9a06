import type { Snapshot } from '../model/snapshot.ts';
import { type MetricFamily, plainGauge } from './family.ts';

export function namespaceFamilies(namespace: Snapshot['namespace']): MetricFamily[] {
  return [
    plainGauge(
      'tcpstate_network_namespace_is_host',
      'Whether the exporter sees the network namespace of the host (1) or a different one (0), from /proc/self/ns/net and /proc/1/ns/net.',
      numberOf(namespace?.isHostNetwork),
    ),
    plainGauge(
      'tcpstate_pid_namespace_is_host',
      'Whether the exporter sees the processes of the host (1) or those of a different pid namespace (0), from /proc/1/ns/pid, /proc/self/ns/pid and /proc/self/status.',
      numberOf(namespace?.isHostPid),
    ),
  ];
}

function numberOf(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
