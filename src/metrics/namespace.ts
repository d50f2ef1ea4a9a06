import type { Snapshot } from '../model/snapshot.ts';
import { type MetricFamily, plainGauge } from './family.ts';

export function namespaceFamilies(namespace: Snapshot['namespace']): MetricFamily[] {
  return [
    plainGauge(
      'tcpstate_network_namespace_is_host',
      'Whether the exporter sees the network namespace of PID 1 (1) or another one (0), from /proc/self/ns/net and /proc/1/ns/net.',
      namespace && Number(namespace.isHost),
    ),
  ];
}
