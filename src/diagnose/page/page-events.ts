import {
  type ConnectionEventCounts,
  ENDINGS,
  EVENT_COUNTS,
  EventCount,
  type EventCounts,
  FAILURE_REASONS,
  LIFETIME_BOUNDS,
} from '../../model/connection-events.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { foldedOf, remoteNameOf } from './page-sockets.ts';
import type { PageSample, PageSamples } from './parse-page.ts';

const LIFETIME = 'tcpstate_connection_lifetime_seconds';

/** What the programs in the kernel counted of outbound connections; that of accepted ones no verdict needs. */
export function connectionEventsOf(page: PageSamples): Pick<Snapshot, 'connectionEvents'> {
  const lost = page.get('tcpstate_connection_events_lost_total');
  if (lost === undefined) return {};
  const lostOf = (map: string) => lost.find(({ labels }) => labels.map === map)?.value ?? 0;
  const folded = foldedOf(page, 'tcpstate_connects_total');
  return {
    connectionEvents: {
      outbound: outboundOf(page),
      inbound: [],
      lifetimes: lifetimesOf(page),
      folded: { outbound: folded, inbound: 0, lifetimes: foldedOf(page, LIFETIME) },
      lost: { owners: lostOf('owners'), flows: lostOf('flows'), connections: lostOf('connections') },
    },
  };
}

function outboundOf(page: PageSamples): ConnectionEventCounts['outbound'] {
  const cells = new Map<string, ConnectionEventCounts['outbound'][number]>();
  const set = ({ labels, value }: PageSample, place: number) => {
    const { process = 'unknown', unit = 'unknown', remote_ip: remoteIp = '', remote_port: remotePort = '' } = labels;
    const key = JSON.stringify([process, unit, remoteIp, remotePort]);
    const cell = cells.get(key) ?? { process, unit, remoteIp, remotePort, ...remoteNameOf(labels), counts: none() };
    cell.counts[place] = value;
    cells.set(key, cell);
  };
  const each = (metric: string, placeOf: (labels: PageSample['labels']) => number) => {
    for (const sample of page.get(metric) ?? []) {
      const place = placeOf(sample.labels);
      if (place >= 0) set(sample, place);
    }
  };
  each('tcpstate_connects_total', () => EventCount.opened);
  each('tcpstate_connect_failures_total', ({ reason }) => placeOf(FAILURE_REASONS, reason, EventCount.failed));
  each('tcpstate_connections_closed_total', ({ direction, how }) =>
    direction === 'outbound' ? placeOf(ENDINGS, how, EventCount.closed) : -1,
  );
  return [...cells.values()];
}

/** −1 for a word of a newer version. */
function placeOf(words: readonly string[], word: string | undefined, first: number): number {
  const index = words.indexOf(word ?? '');
  return index < 0 ? -1 : first + index;
}

/** Classes of a histogram include those below on the page. */
function lifetimesOf(page: PageSamples): ConnectionEventCounts['lifetimes'] {
  const sums = page.get(`${LIFETIME}_sum`) ?? [];
  return sums.map(({ labels: { process = 'unknown' }, value }) => {
    const counts = none();
    counts[EventCount.lifetimeMs] = value * 1000;
    let below = 0;
    for (const [index, bound] of [...LIFETIME_BOUNDS, '+Inf'].entries()) {
      const bucket = page
        .get(`${LIFETIME}_bucket`)
        ?.find(({ labels }) => labels.process === process && labels.le === String(bound));
      if (bucket === undefined) continue;
      counts[EventCount.lifetimes + index] = bucket.value - below;
      below = bucket.value;
    }
    return { process, counts };
  });
}

function none(): EventCounts {
  return new Float64Array(EVENT_COUNTS).fill(Number.NaN);
}
