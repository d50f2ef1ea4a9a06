import {
  type ConnectionEventCounts,
  EVENT_COUNTS,
  EventCount,
  type EventCounts,
  FAILURE_REASONS,
} from '../../../src/model/connection-events.ts';

/** Numbers by their place; every other one is not on the page. */
export function eventCounts(numbers: Readonly<Record<number, number>>): EventCounts {
  const counts = new Float64Array(EVENT_COUNTS).fill(Number.NaN);
  for (const [index, number] of Object.entries(numbers)) counts[Number(index)] = number;
  return counts;
}

const { opened, failed, closed, lifetimes, lifetimeMs } = EventCount;
const failedBy = (reason: (typeof FAILURE_REASONS)[number]) => failed + FAILURE_REASONS.indexOf(reason);

/** A connection to the database per request, and a cache that refuses some. */
export const EVENTS: ConnectionEventCounts = {
  outbound: [
    {
      process: 'api',
      unit: 'api.service',
      remoteIp: '10.0.0.20',
      remotePort: '5432',
      counts: eventCounts({
        [opened]: 81_230,
        [failedBy('no_port')]: 12,
        [failedBy('port_in_use')]: 3,
        [closed]: 81_000,
        [closed + 3]: 4,
      }),
    },
    {
      process: 'api',
      unit: 'api.service',
      remoteIp: '10.0.0.30',
      remotePort: '6379',
      counts: eventCounts({
        [opened]: 940,
        [failedBy('refused')]: 31,
        [failedBy('timed_out')]: 2,
        [closed + 1]: 860,
      }),
    },
  ],
  inbound: [
    {
      process: 'nginx',
      unit: 'nginx.service',
      localPort: '443',
      counts: eventCounts({ [opened]: 41_200, [closed]: 40_800, [closed + 1]: 210 }),
    },
  ],
  lifetimes: [
    {
      process: 'api',
      counts: eventCounts({
        [lifetimes]: 80_100,
        [lifetimes + 1]: 1700,
        [lifetimes + 2]: 60,
        [lifetimes + 3]: 3,
        [lifetimes + 4]: 1,
        [lifetimeMs]: 1_512_400,
      }),
    },
  ],
  folded: { outbound: 0, inbound: 0, lifetimes: 0 },
  lost: { owners: 0, flows: 0, connections: 0 },
};

/** Every place taken, every number there, and what is beyond the limit in `other`. */
export function fullEvents(limit: number, labelsOf: (index: number) => Labels): ConnectionEventCounts {
  const counts = new Float64Array(EVENT_COUNTS).fill(123_456_789);
  const groups = [...Array.from({ length: limit }, (_, index) => labelsOf(index)), labelsOf(-1)];
  return {
    outbound: groups.map(({ process, unit, remoteIp, port }) => ({
      process,
      unit,
      remoteIp,
      remotePort: port,
      counts,
    })),
    inbound: groups.map(({ process, unit, port }) => ({ process, unit, localPort: port, counts })),
    lifetimes: groups.map(({ process }) => ({ process, counts })),
    folded: { outbound: 400_000, inbound: 400_000, lifetimes: 400_000 },
    lost: { owners: 123_456, flows: 123_456, connections: 123_456 },
  };
}

interface Labels {
  readonly process: string;
  readonly unit: string;
  readonly remoteIp: string;
  readonly port: string;
}
