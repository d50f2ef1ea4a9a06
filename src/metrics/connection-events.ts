import {
  type ConnectionEventCounts,
  ENDINGS,
  EventCount,
  FAILURE_REASONS,
  LIFETIME_BOUNDS,
  type LifetimeCell,
} from '../model/connection-events.ts';
import { counter, type MetricFamily, type MetricSample } from './family.ts';
import { remoteNameLabel } from './remote-name.ts';

const DESTINATION = ['process', 'unit', 'remote_ip', 'remote_port'] as const;
const SOURCE = 'programs on the tracepoint sock:inet_sock_set_state, in every network namespace';

/** Who opens and closes connections. A number that is NaN is not on the page yet. */
export function connectionEventFamilies(events: ConnectionEventCounts | undefined): MetricFamily[] {
  const { outbound = [], inbound = [], lifetimes = [] } = events ?? {};
  const remoteName = remoteNameLabel(outbound);
  const destination = [...DESTINATION, ...remoteName.names] as const;
  const noName = remoteName.names.map(() => '');
  const destinations = outbound.map((cell) => ({
    labels: [cell.process, cell.unit, cell.remoteIp, cell.remotePort, ...remoteName.of(cell)] as const,
    counts: cell.counts,
  }));
  return [
    counter(
      'tcpstate_connects_total',
      destination,
      `Connections that a process began to open with connect(), from ${SOURCE}.`,
      destinations.flatMap(({ labels, counts }) => present(labels, counts[EventCount.opened]!)),
    ),
    counter(
      'tcpstate_connect_failures_total',
      [...destination, 'reason'],
      `Connections that failed before they were established, by reason, from ${SOURCE}.`,
      destinations.flatMap(({ labels, counts }) =>
        FAILURE_REASONS.flatMap((reason, index) =>
          present([...labels, reason] as const, counts[EventCount.failed + index]!),
        ),
      ),
    ),
    counter(
      'tcpstate_connections_accepted_total',
      ['process', 'unit', 'local_port'],
      `Connections that peers established to a local port, by who listens there, from ${SOURCE}.`,
      inbound.flatMap(({ process, unit, localPort, counts }) =>
        present([process, unit, localPort] as const, counts[EventCount.opened]!),
      ),
    ),
    counter(
      'tcpstate_connections_closed_total',
      ['process', 'unit', 'direction', 'local_port', 'remote_ip', 'remote_port', ...remoteName.names, 'how'],
      `Connections that ended, by how: active (this side closed first and has the TIME_WAIT), passive, aborted, reset by the peer or timed_out, from ${SOURCE}.`,
      [
        ...outbound.flatMap((cell) => {
          const { process, unit, remoteIp, remotePort, counts } = cell;
          return endings([process, unit, 'outbound', '', remoteIp, remotePort, ...remoteName.of(cell)], counts);
        }),
        ...inbound.flatMap(({ process, unit, localPort, counts }) =>
          endings([process, unit, 'inbound', localPort, '', '', ...noName], counts),
        ),
      ],
    ),
    {
      name: 'tcpstate_connection_lifetime_seconds',
      type: 'histogram',
      help: `How long connections lived that a process had opened, from connect() to the end, from ${SOURCE}.`,
      labelNames: ['process', 'le'],
      samples: lifetimes.flatMap(histogramOf),
    },
    counter(
      'tcpstate_connection_events_lost_total',
      ['map'],
      'Events that found no place in the tables of the programs in the kernel: without a process (owners), without destination or port (flows), connections forgotten too soon (connections), from the programs.',
      Object.entries(events?.lost ?? {}).map(([map, value]) => ({ labels: [map] as const, value })),
    ),
  ];
}

type Ended = readonly [string, string, string, string, string, string, ...string[]];

function endings(labels: Ended, counts: Float64Array) {
  return ENDINGS.flatMap((how, index) => present([...labels, how] as const, counts[EventCount.closed + index]!));
}

function present<Labels>(labels: Labels, value: number): { labels: Labels; value: number }[] {
  return Number.isNaN(value) ? [] : [{ labels, value }];
}

/** As Prometheus has them: each class includes the ones below. */
function histogramOf({ process, counts }: LifetimeCell): MetricSample[] {
  let total = 0;
  const buckets = [...LIFETIME_BOUNDS, '+Inf'].map((bound, index): MetricSample => {
    total += counts[EventCount.lifetimes + index]!;
    return { labels: [process, String(bound)], value: total, suffix: '_bucket' };
  });
  return [
    ...buckets,
    { labels: [process], value: counts[EventCount.lifetimeMs]! / 1000, suffix: '_sum' },
    { labels: [process], value: total, suffix: '_count' },
  ];
}
