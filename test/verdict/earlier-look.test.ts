import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventCount } from '../../src/model/connection-events.ts';
import { toEarlierLook } from '../../src/model/earlier-look.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { TcpState } from '../../src/model/tcp-state.ts';
import { judge } from '../../src/verdict/judge.ts';
import { EVENTS, eventCounts } from '../support/pages/event-counts.ts';
import { fullSnapshot } from '../support/pages/full-snapshot.ts';
import { NETNS } from '../support/pages/netns-counts.ts';
import { LINUX_SNAPSHOT, WINDOWS_SNAPSHOT } from '../support/pages/snapshots.ts';
import { connection, HEALTHY, withCounters, withDestination, withSockets } from './hosts.ts';

const SILENT = withSockets({ connections: { cells: [connection(TcpState.synSent, 'shop', 60)], folded: 0 } });
const LEAKING = (sockets: number) =>
  withSockets({
    closeWait: {
      oldest: [{ process: 'legacy', seconds: 900 }],
      stuck: [{ process: 'legacy', reason: 'unclosed', sockets }],
      folded: 0,
    },
    processFds: { cells: [{ process: 'legacy', open: 400 + sockets, limit: 1024 }], folded: 0 },
  });
const withFailures = (failures: number): Snapshot => ({
  ...HEALTHY,
  connectionEvents: {
    ...EVENTS,
    outbound: [{ ...EVENTS.outbound[0]!, counts: eventCounts({ [EventCount.failed]: failures }) }],
  },
});
const busyEvents = (calls: number): Snapshot => ({
  ...HEALTHY,
  connectionEvents: {
    ...EVENTS,
    outbound: [
      {
        ...EVENTS.outbound[0]!,
        counts: eventCounts({
          [EventCount.opened]: calls,
          [EventCount.failed + 1]: calls / 2,
          [EventCount.closed]: calls / 2,
        }),
      },
    ],
    lifetimes: [
      {
        process: 'api',
        counts: eventCounts({ [EventCount.lifetimes]: calls, [EventCount.lifetimeMs]: calls }),
      },
    ],
  },
});
const FULL = withSockets({
  listeners: {
    cells: [{ localIp: '10.0.0.1', localPort: 80, process: 'api', queueLength: 17, queueLimit: 16 }],
    folded: 0,
  },
  listenerDrops: { cells: [{ localIp: '10.0.0.1', localPort: 80, process: 'api', drops: 9 }], folded: 0 },
});

const POD_FULL: Snapshot = { ...HEALTHY, netns: NETNS };

const HOSTS: Readonly<Record<string, readonly [before: Snapshot, now: Snapshot]>> = {
  'is healthy': [HEALTHY, withCounters({ activeOpens: 90 })],
  'drops connections': [HEALTHY, withCounters({ listenOverflows: 90, abortOnMemory: 3, timeWaitOverflows: 3 })],
  'is refused and reset': [HEALTHY, withCounters({ attemptFails: 900, estabResets: 900, sentResets: 900 })],
  'runs out of ports': [
    withDestination({ portsUsed: 10_000 }),
    withDestination({ portsUsed: 20_000 }, withCounters({ timeWaitEntered: 900 })),
  ],
  'asks a silent peer': [SILENT, SILENT],
  'leaks sockets': [LEAKING(45), LEAKING(145)],
  'accepts nothing': [FULL, FULL],
  'calls in vain, and too often': [busyEvents(0), busyEvents(9000)],
  'has a pod that accepts nothing': [POD_FULL, POD_FULL],
  'cannot connect': [withFailures(0), withFailures(99)],
  'has everything Linux has': [LINUX_SNAPSHOT, LINUX_SNAPSHOT],
  'has everything Windows has': [WINDOWS_SNAPSHOT, WINDOWS_SNAPSHOT],
};

describe('the part of a look that is kept for the next verdict', () => {
  for (const [what, [before, now]] of Object.entries(HOSTS)) {
    it(`gives the same verdict as the whole look, for a host that ${what}`, () => {
      const whole = judge(now, { snapshot: before, secondsAgo: 10 });
      assert.deepEqual(judge(now, { snapshot: toEarlierLook(before), secondsAgo: 10 }), whole);
      if (what !== 'is healthy' && !what.startsWith('has')) assert.notDeepEqual(judge(now), whole);
    });
  }

  it('does not have to know connections: then a peer is silent that is so now', () => {
    const statesOnly = { ...HEALTHY, sockets: { states: HEALTHY.sockets!.states! } };
    const kinds = judge(SILENT, { snapshot: statesOnly, secondsAgo: 10 }).findings.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['syn_sent_piling']);
  });

  it('is small, whatever the look was', () => {
    const full = fullSnapshot(DEFAULT_LIMITS);
    const size = (snapshot: Snapshot) => JSON.stringify(snapshot).length;
    assert.ok(size(toEarlierLook(full)) < size(full) * 0.7, `${size(toEarlierLook(full))} of ${size(full)}`);
    assert.equal(toEarlierLook(full).sockets!.remoteIps, undefined);
  });
});
