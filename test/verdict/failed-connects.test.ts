import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventCount, FAILURE_REASONS } from '../../src/model/connection-events.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { TcpState } from '../../src/model/tcp-state.ts';
import { eventCounts } from '../support/pages/event-counts.ts';
import { connection, findingsOf, HEALTHY, PORTS, withDestination, withSockets } from './hosts.ts';

const at = (reason: (typeof FAILURE_REASONS)[number]) => EventCount.failed + FAILURE_REASONS.indexOf(reason);

/** A host on which connects of a process have found no port, as often as this so far; undefined: never. */
function withFailures(
  failures: number | undefined,
  process = 'api',
  remote = ['10.0.0.50', '5432'],
  place = at('no_port'),
): Snapshot {
  const counts = eventCounts({ [EventCount.opened]: 90_000, ...(failures !== undefined && { [place]: failures }) });
  const cell = { process, unit: 'unknown', remoteIp: remote[0]!, remotePort: remote[1]!, counts };
  const rest = { inbound: [], lifetimes: [], folded: { outbound: 0, inbound: 0, lifetimes: 0 } };
  return { ...HEALTHY, connectionEvents: { outbound: [cell], ...rest, lost: { owners: 0, flows: 0, connections: 0 } } };
}

describe('connects that found no port', () => {
  it('are told with process and destination, where they are more since the look before', () => {
    const [finding, ...others] = findingsOf(withFailures(330), withFailures(30));
    assert.deepEqual(others, []);
    assert.deepEqual([finding!.kind, finding!.severity], ['connects_without_port', 'critical']);
    assert.match(finding!.headline, /^api cannot connect to 10\.0\.0\.50:5432: no port was free, 300 times in /);
    assert.deepEqual(finding!.owner, { process: 'api', isInferred: false, openConnections: 0 });
    assert.match(finding!.do, /^Slow down or stop api,/);
  });

  it('are nothing when they are old, few, or there is no look before', () => {
    assert.deepEqual(findingsOf(withFailures(330), withFailures(330)), []);
    assert.deepEqual(findingsOf(withFailures(40), withFailures(30)), []);
    assert.deepEqual(findingsOf(withFailures(330), withFailures(undefined)), []);
    assert.deepEqual(findingsOf(withFailures(330)), []);
  });

  it('are not those whose own port was taken: neither a shortage nor a fault of the destination', () => {
    const [before, now] = [0, 5000].map((failures) =>
      withFailures(failures, 'p2p', ['10.0.0.50', '4001'], at('port_in_use')),
    );
    assert.deepEqual(findingsOf(now!, before!), []);
  });

  it('have no owner and no destination where these are not known', () => {
    const [before, now] = [0, 50].map((failures) => withFailures(failures, 'other', ['other', 'other']));
    const [finding] = findingsOf(now!, before!);
    assert.match(finding!.headline, /^A program cannot connect to some destinations: /);
    assert.deepEqual([finding!.subject, finding!.owner], [{ type: 'host' }, undefined]);
  });
});

describe('the owner of a destination', () => {
  it('is not inferred where its TIME_WAIT sockets have one', () => {
    const cells = [
      connection(TcpState.timeWait, 'shop-batch', 28_000),
      connection(TcpState.timeWait, 'unknown', 172),
      connection(TcpState.established, 'shop-worker', 60),
    ];
    const host = withSockets({ connections: { cells, folded: 0 } });
    const [finding] = findingsOf(withDestination({ portsUsed: PORTS, portsTimeWait: 28_172 }, host));
    assert.deepEqual(finding!.owner, { process: 'shop-batch', openConnections: 0, isInferred: false });
    assert.equal(finding!.details[0], 'most of them by shop-batch');
  });
});
