import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TcpState } from '../../src/model/tcp-state.ts';
import { countCells } from '../../src/self-check/cells.ts';
import { socketTable } from '../support/tables/socket-rows.ts';

const TABLE = socketTable([
  { state: 'listen', local: ['0.0.0.0', 80], owner: 4 },
  { state: 'listen', local: ['0.0.0.0', 80], owner: 4 },
  { state: 'listen', local: ['::', 80], owner: 4 },
  { state: 'established', local: ['fe80::1', 80], remote: ['fe80::2', 50_000], owner: -2 },
  { state: 'bound', local: ['10.0.0.1', 9000], owner: 5 },
]);
const ALL = { ownerIs: 'pid', shows: () => true, isStateUnknown: () => false, ignored: new Set<number>() };

describe('countCells', () => {
  it('tells sockets by state, both ends and owner, and counts them by state and family', () => {
    const { sockets, totals } = countCells(TABLE, ALL);
    assert.deepEqual(Object.fromEntries(sockets), {
      'listen 0.0.0.0:80 0.0.0.0:0 pid 4': 2,
      'listen [::]:80 [::]:0 pid 4': 1,
      'established [fe80::1]:80 [fe80::2]:50000 pid 4294967294': 1,
      'bound 10.0.0.1:9000 0.0.0.0:0 pid 5': 1,
    });
    assert.deepEqual(Object.fromEntries(totals), {
      'listen ipv4': 2,
      'listen ipv6': 1,
      'established ipv6': 1,
      'bound ipv4': 1,
    });
  });

  it('leaves out states that are not shown', () => {
    const { sockets, totals } = countCells(TABLE, { ...ALL, shows: (state) => state === TcpState.bound });
    assert.deepEqual([...sockets.keys()], ['bound 10.0.0.1:9000 0.0.0.0:0 pid 5']);
    assert.deepEqual([...totals.keys()], ['bound ipv4']);
  });

  it('leaves out rows that do not count', () => {
    const { sockets } = countCells(TABLE, { ...ALL, ignored: new Set([0, 2, 3]) });
    assert.deepEqual(Object.fromEntries(sockets), {
      'listen 0.0.0.0:80 0.0.0.0:0 pid 4': 1,
      'bound 10.0.0.1:9000 0.0.0.0:0 pid 5': 1,
    });
  });

  it('leaves the state open of sockets for which nobody can compare it', () => {
    const isStateUnknown = (identity: string) => identity.startsWith('0.0.0.0:80 ');
    const { sockets, totals } = countCells(TABLE, { ...ALL, isStateUnknown });
    assert.equal(sockets.get('? 0.0.0.0:80 0.0.0.0:0 pid 4'), 2);
    assert.equal(totals.get('? ipv4'), 2);
    assert.equal(totals.get('listen ipv4'), undefined);
  });
});
