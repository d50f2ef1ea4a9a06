import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENDINGS, EventCount, FAILURE_REASONS } from '../../src/model/connection-events.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { eventCounts } from '../support/pages/event-counts.ts';
import { findingsOf, HEALTHY, withCounters } from './hosts.ts';

const at = (reason: (typeof FAILURE_REASONS)[number]) => EventCount.failed + FAILURE_REASONS.indexOf(reason);
const ended = (how: (typeof ENDINGS)[number]) => EventCount.closed + ENDINGS.indexOf(how);

interface Seen {
  readonly process?: string;
  readonly remoteIp?: string;
  readonly numbers: Readonly<Record<number, number>>;
}

/** A host whose programs have been seen to open connections to port 6379. Each of them lives 20 ms. */
function withEvents(seen: readonly Seen[], host: Snapshot = HEALTHY): Snapshot {
  const closed = seen.reduce((all, { numbers }) => all + (numbers[ended('active')] ?? 0), 0);
  const ages = eventCounts({ [EventCount.lifetimes]: closed, [EventCount.lifetimeMs]: closed * 20 });
  return {
    ...host,
    connectionEvents: {
      outbound: seen.map(({ process = 'api', remoteIp = '10.0.0.30', numbers }) => ({
        process,
        unit: 'unknown',
        remoteIp,
        remotePort: remoteIp.includes('.') ? '6379' : remoteIp,
        counts: eventCounts(numbers),
      })),
      inbound: [],
      lifetimes: [{ process: 'api', counts: ages }],
      folded: { outbound: 0, inbound: 0, lifetimes: 0 },
      lost: { owners: 0, flows: 0, connections: 0 },
    },
  };
}

describe('a destination whose connects fail', () => {
  const before = withEvents([
    { numbers: { [EventCount.opened]: 1000 } },
    { process: 'cron', numbers: { [EventCount.opened]: 10, [at('timed_out')]: 5 } },
  ]);
  const failing = [
    { numbers: { [EventCount.opened]: 1080, [at('refused')]: 60 } },
    { process: 'cron', numbers: { [EventCount.opened]: 30, [at('timed_out')]: 15, [at('no_port')]: 5 } },
  ];

  it('is told with how many of all, why, and who calls most, and not again as the failures of the host', () => {
    const [finding, ...others] = findingsOf(
      withEvents(failing, withCounters({ attemptFails: 90, activeOpens: 100 })),
      before,
    );
    assert.deepEqual(others, []);
    assert.deepEqual([finding!.kind, finding!.severity], ['destination_failing', 'warning']);
    assert.match(
      finding!.headline,
      /^Connects to 10\.0\.0\.30:6379 fail: 70 times in .*, 70 % of all; most .* refused\.$/,
    );
    assert.deepEqual(finding!.details, ['most of them by api']);
    assert.deepEqual(finding!.owner, { process: 'api', isInferred: false, openConnections: 0 });
    assert.match(finding!.do, /^Refused: the service is down/);
  });

  it('is nothing where few of many fail, for want of a port, to no known destination, or without a look before', () => {
    const few = withEvents([{ numbers: { [EventCount.opened]: 2000, [at('refused')]: 60 } }]);
    assert.deepEqual(findingsOf(few, before), []);
    const noPort = withEvents([{ numbers: { [EventCount.opened]: 1009, [at('no_port')]: 9 } }]);
    assert.deepEqual(findingsOf(noPort, before), []);
    for (const remoteIp of ['other', 'filtered']) {
      const sums = [0, 900].map((refused) =>
        withEvents([{ remoteIp, numbers: { [EventCount.opened]: 900, [at('refused')]: refused } }]),
      );
      assert.deepEqual(findingsOf(sums[1]!, sums[0]!), []);
    }
    assert.deepEqual(findingsOf(withEvents(failing)), []);
    assert.deepEqual(findingsOf(withEvents(failing), HEALTHY), []);
  });

  it('is nothing where the exporter began anew in between', () => {
    const anew = withEvents([{ numbers: { [EventCount.opened]: 80, [at('refused')]: 60 } }]);
    assert.deepEqual(findingsOf(anew, withEvents(failing)), []);
  });
});

describe('a client that opens a connection for each request', () => {
  const closed = (number: number, process = 'api') =>
    withEvents([{ process, numbers: { [EventCount.opened]: number, [ended('active')]: number } }]);

  it('is told, with how long they live, as something to know', () => {
    const [finding, ...others] = findingsOf(closed(9000), closed(1000));
    assert.deepEqual(others, []);
    assert.deepEqual([finding!.kind, finding!.severity], ['connections_not_reused', 'info']);
    assert.match(
      finding!.headline,
      /^api opens and closes [\d,]+\/s connections to 10\.0\.0\.30:6379, where a pool would do\.$/,
    );
    assert.deepEqual(finding!.details, ['its connections live 20 ms on average']);
    assert.match(finding!.do, /^Let api keep its connections open and reuse them/);
  });

  it('is nothing at a low rate, where nobody knows the process, or where the peers reset them', () => {
    assert.deepEqual(findingsOf(closed(1010), closed(1000)), []);
    for (const sum of ['other', 'filtered']) assert.deepEqual(findingsOf(closed(9000, sum), closed(1000, sum)), []);
    const reset = [0, 9000].map((number) => withEvents([{ numbers: { [ended('reset')]: number } }]));
    assert.deepEqual(findingsOf(reset[1]!, reset[0]!), []);
  });
});
