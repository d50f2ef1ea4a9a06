import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetnsSockets, NetnsSocketsCell } from '../../src/model/netns-sockets.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { NETNS } from '../support/pages/netns-counts.ts';
import { NETNS_SOCKETS } from '../support/pages/netns-sockets.ts';
import { findingsOf, HEALTHY } from './hosts.ts';

const [CHECKOUT, CONTAINER] = NETNS_SOCKETS.cells as unknown as [NetnsSocketsCell, NetnsSocketsCell];
const QUIET: NetnsSockets = {
  ...NETNS_SOCKETS,
  cells: [],
  destinations: { cells: [], folded: 0 },
  closeWait: { cells: [], folded: 0 },
};

function withPods(sockets: Partial<NetnsSockets>): Snapshot {
  return { ...HEALTHY, netns: { ...NETNS, sockets: { ...QUIET, ...sockets } } };
}

function using(ratio: number) {
  const cell = { ...CHECKOUT, ephemeral: { ports: 1000, used: 1, ipv4: ratio } };
  return findingsOf(withPods({ cells: [cell], destinations: NETNS_SOCKETS.destinations }));
}

describe('a pod', () => {
  it('without ports is critical, with destination, container and process', () => {
    const [finding, ...others] = using(1);
    assert.deepEqual(others, []);
    assert.deepEqual([finding!.kind, finding!.severity], ['pod_ports_exhausted', 'critical']);
    const { netns } = CHECKOUT;
    assert.deepEqual(finding!.subject, { type: 'pod', netns, container: 'app', process: 'node' });
    assert.equal(finding!.headline, `Ports of ${netns} are exhausted: 1,000 of 1,000 taken.`);
    assert.deepEqual(finding!.details, [
      'most towards 10.96.0.20:5432: 21,884, 21,704 of them in TIME_WAIT',
      'container app',
      'process node',
    ]);
    assert.match(finding!.do, /^Let node reuse its connections/);
  });

  it('whose ports get few is a warning from the threshold of the alert on', () => {
    assert.deepEqual(
      [0.7, 0.71, 0.95, 0.951].map((ratio) => using(ratio).map(({ kind }) => kind)),
      [[], ['pod_ports_high'], ['pod_ports_high'], ['pod_ports_exhausted']],
    );
  });

  it('whose listeners or bound sockets hold the ports is not told to reuse connections', () => {
    const cell = { ...CHECKOUT, ephemeral: { ports: 1000, used: 900, ipv4: 1 } };
    const [busiest] = NETNS_SOCKETS.destinations.cells;
    const [name] = NETNS_SOCKETS.listeners.cells;
    const listeners = { cells: [{ ...name!, netns: CHECKOUT.netns, process: 'turnserver' }], folded: 0 };
    const found = (portsUsed: number, folded = 0) =>
      findingsOf(
        withPods({ cells: [cell], listeners, destinations: { cells: [{ ...busiest!, portsUsed }], folded } }),
      )[0]!;
    const finding = found(100);
    assert.deepEqual([finding.kind, finding.severity], ['pod_ports_exhausted_for_all', 'critical']);
    assert.match(finding.headline, /: 1,000 of 1,000 taken, 900 for every destination\.$/);
    assert.deepEqual(finding.details, ['turnserver has most listeners there']);
    assert.doesNotMatch(finding.do, /reuse/);
    assert.equal(found(500).kind, 'pod_ports_exhausted');
  });

  it('that closes nothing is a warning for more than five; few and old are a note', () => {
    const [stuck] = NETNS_SOCKETS.closeWait.cells;
    const found = (change: Partial<typeof stuck>) =>
      findingsOf(
        withPods({ closeWait: { cells: [{ ...stuck!, oldestSeconds: 70, unaccepted: 0, ...change }], folded: 0 } }),
      );
    assert.deepEqual(found({ unclosed: 5 }), []);
    const [finding] = found({ unclosed: 6 });
    assert.deepEqual([finding!.kind, finding!.severity], ['pod_close_wait_unclosed', 'warning']);
    assert.deepEqual(finding!.details, ['container 00112233aabb', 'process php-fpm']);
    assert.match(finding!.do, /stack dump of php-fpm, then delete the pod/);
    assert.equal(found({ unclosed: 6, oldestSeconds: 7200 })[0]!.severity, 'info');
    assert.equal(found({ unclosed: 0, unaccepted: 6 })[0]!.kind, 'pod_close_wait_unaccepted');
    assert.deepEqual(found({ netns: 'other', unclosed: 600 }), [], 'nobody in particular');
  });

  it('whose queue is full is a warning, critical if it was full in the look before', () => {
    const full = withPods({ cells: [CONTAINER] });
    const [finding] = findingsOf(full);
    assert.deepEqual([finding!.kind, finding!.severity], ['pod_accept_queue_full', 'warning']);
    const [stays] = findingsOf(full, full, 10);
    assert.equal(stays!.severity, 'critical');
    assert.match(stays!.headline, /^Port 9000 of 00112233aabb .* its queue is full and stays so, 129 of 128\.$/);
    const tiny = { ...CONTAINER, fullestQueue: { ...CONTAINER.fullestQueue!, queueLength: 5, queueLimit: 4 } };
    assert.deepEqual(findingsOf(withPods({ cells: [tiny] })), []);
  });
});
