import { type ConnectionEventCounts, EventCount, FAILURE_REASONS } from '../../../src/model/connection-events.ts';
import { eventCounts } from '../../support/pages/event-counts.ts';

const reasonAt = (reason: (typeof FAILURE_REASONS)[number]) => EventCount.failed + FAILURE_REASONS.indexOf(reason);

/** What checkout has done up to a minute: to its database, each time a connection of its own, and to a cache that refuses more and more. */
export interface CheckoutCalls {
  readonly database: number;
  readonly databaseWithoutPort: number;
  readonly cache: number;
  readonly cacheRefused: number;
}

export function eventsOf({ database, databaseWithoutPort, cache, cacheRefused }: CheckoutCalls): ConnectionEventCounts {
  const { opened, closed, lifetimes, lifetimeMs } = EventCount;
  const checkout = { process: 'checkout', unit: 'checkout.service' };
  const ended = database - databaseWithoutPort;
  return {
    outbound: [
      {
        ...checkout,
        remoteIp: '10.0.9.9',
        remotePort: '5432',
        counts: eventCounts({ [opened]: database, [closed]: ended, [reasonAt('no_port')]: databaseWithoutPort }),
      },
      {
        ...checkout,
        remoteIp: '10.0.9.20',
        remotePort: '6379',
        counts: eventCounts({
          [opened]: cache,
          [closed]: cache - cacheRefused,
          [reasonAt('refused')]: cacheRefused,
          [reasonAt('timed_out')]: Math.round(cacheRefused / 9),
          [reasonAt('unreachable')]: Math.round(cacheRefused / 40),
          [reasonAt('abandoned')]: Math.round(cacheRefused / 20),
          [reasonAt('port_in_use')]: Math.round(cacheRefused / 60),
        }),
      },
    ],
    inbound: [],
    lifetimes: [
      {
        process: 'checkout',
        counts: eventCounts({
          [lifetimes]: Math.round(ended * 0.91),
          [lifetimes + 1]: Math.round(ended * 0.08),
          [lifetimes + 2]: Math.round(ended * 0.01),
          [lifetimes + 3]: Math.round(cache / 2),
          [lifetimes + 4]: Math.round(cache / 2),
          [lifetimeMs]: ended * 40 + cache * 60_000,
        }),
      },
    ],
    folded: { outbound: 0, inbound: 0, lifetimes: 0 },
    lost: { owners: 0, flows: 0, connections: 0 },
  };
}
