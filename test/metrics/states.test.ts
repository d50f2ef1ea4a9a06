import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stateFamilies } from '../../src/metrics/states.ts';
import type { SocketCounts } from '../../src/model/socket-counts.ts';
import { KNOWN_STATES, STATE_SLOTS, stateLabel, TcpState } from '../../src/model/tcp-state.ts';
import { states } from '../support/pages/snapshot-cells.ts';
import { LINUX_SNAPSHOT } from '../support/pages/snapshots.ts';

test('shows zero for every known state of both families on a host without sockets', () => {
  const none = new Array<number>(STATE_SLOTS).fill(0);
  const [family] = stateFamilies(withStates({ ipv4: none, ipv6: none }));
  const expected = ['ipv4', 'ipv6'].flatMap((name) =>
    KNOWN_STATES.map((state) => ({ labels: [name, stateLabel(state)], value: 0 })),
  );
  assert.deepEqual(family?.samples, expected);
  assert.equal(expected.length, 24);
});

test('shows the state unknown only for a family that has such sockets', () => {
  const [family] = stateFamilies(withStates({ ipv4: states({}), ipv6: states({ unknown: 3, bound: 1 }) }));
  const unknown = family?.samples.filter(({ labels }) => labels[1] === 'unknown');
  assert.deepEqual(unknown, [{ labels: ['ipv6', stateLabel(TcpState.unknown)], value: 3 }]);
});

test('leaves out a state that the source does not show', () => {
  const unseen = states({ established: 1 }).map((count, state) => (state === TcpState.bound ? undefined : count));
  const [family] = stateFamilies(withStates({ ipv4: unseen, ipv6: unseen }));
  assert.equal(family?.samples.length, 22);
  assert.ok(!family?.samples.some(({ labels }) => labels[1] === 'bound'));
});

function withStates(counts: NonNullable<SocketCounts['states']>): SocketCounts {
  return { ...LINUX_SNAPSHOT.sockets!, states: counts };
}
