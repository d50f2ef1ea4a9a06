import type { Snapshot } from '../model/snapshot.ts';
import type { MetricFamily } from './family.ts';

export function portExhaustionFamilies(events: Snapshot['portExhaustionEvents']): MetricFamily[] {
  return [
    {
      name: 'tcpstate_port_exhaustion_events_total',
      type: 'counter',
      help: 'Events of port exhaustion since the exporter started, 4227 a port reused too soon, 4231 no ephemeral port free, from the System log of Windows.',
      labelNames: ['event_id'],
      samples: Object.entries(events ?? {}).map(([eventId, count]) => ({ labels: [eventId], value: count })),
    },
  ];
}
