import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCounting } from '../../src/collector/counting.ts';
import type { EphemeralRules } from '../../src/model/ephemeral-rules.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { BARE_INPUT } from '../support/tables/bare-tally-input.ts';
import { addSocketRows, type SocketRow } from '../support/tables/socket-rows.ts';
import { UNLIMITED } from '../support/tables/unlimited.ts';

const FIRST = 40_000;

function useOf(ports: number, rows: readonly SocketRow[]) {
  const range = { first: FIRST, last: FIRST + ports - 1, excluded: [] };
  const rules: EphemeralRules = {
    ranges: { ipv4: range, ipv6: range },
    heldAgainst: 'destination',
    timeWaitReuse: { scope: 'never', afterMs: 1000 },
    timeWaitMs: 60_000,
  };
  const table = addSocketRows(new SocketTable(), rows);
  return createCounting(table, UNLIMITED)({ ...BARE_INPUT, rules }).ephemeral!;
}

function towards(remote: string, offsets: readonly number[], bound?: number): SocketRow[] {
  const local = remote.includes(':') ? 'fd00::9' : '10.0.0.9';
  return offsets.map((offset) => ({
    state: 'established',
    local: [local, FIRST + offset],
    remote: [remote, 443],
    owner: 1 + offset,
    ...(bound !== undefined && { interface: bound }),
  }));
}

const EVEN = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18];
const ODD = [1, 3, 5];

describe('ports that were bound before connect()', () => {
  for (const [family, peer, other] of [
    ['ipv4', '10.0.0.2', '10.0.0.3'],
    ['ipv6', 'fd00::2', 'fd00::3'],
  ] as const) {
    const estimateOf = (rows: readonly SocketRow[]) =>
      useOf(20, rows).families.find((use) => use.family === family)!.boundEstimate;

    it(`are odd ones towards a destination that has not all even ones, ${family}`, () => {
      assert.equal(estimateOf(towards(peer, ODD)), 3);
      assert.equal(estimateOf([...towards(peer, ODD), ...towards(other, EVEN)]), 3);
      assert.equal(estimateOf([...towards(peer, ODD), ...towards(peer, EVEN)]), 0);
    });

    it(`are none of a socket bound to an interface beside others towards the same peer, which hold all even ones, ${family}`, () => {
      const unbound = towards(peer, EVEN);
      assert.equal(estimateOf([...towards(peer, ODD, 2), ...unbound]), 0);
      assert.equal(estimateOf([...towards(peer, ODD, 2), ...towards(peer, EVEN, 3)]), 3, 'of two interfaces');
      assert.equal(estimateOf([...towards(peer, ODD), ...towards(peer, EVEN, 3)]), 3, 'the other way round');
    });
  }
});

describe('an odd number of ports', () => {
  const ratioOf = (ports: number, rows: readonly SocketRow[]) => useOf(ports, rows).families[0]!.utilization;

  it('is used up with one port left, which the kernel passes over', () => {
    assert.equal(ratioOf(3, towards('10.0.0.2', [0])), 1 / 2);
    assert.equal(ratioOf(3, towards('10.0.0.2', [0, 2])), 1);
    assert.equal(ratioOf(3, towards('10.0.0.2', [0, 2, 1])), 1);
    assert.equal(ratioOf(1, []), 0);
    assert.equal(ratioOf(1, towards('10.0.0.2', [0])), 1);
  });

  it('counts as a whole where a listener has the first one, which is not passed over then', () => {
    const listener: SocketRow = { state: 'listen', local: ['10.0.0.9', FIRST], owner: 1 };
    assert.equal(ratioOf(5, [listener, ...towards('10.0.0.2', [2, 4])]), 3 / 5);
  });
});

describe('a destination', () => {
  it('has in TIME_WAIT what is of the range, and all ports among those used', () => {
    const waiting = towards('10.0.0.2', [0, 2, 30, 31, 32]).map(
      (row): SocketRow => ({ ...row, state: 'timeWait', owner: 0 }),
    );
    const [cell] = useOf(20, [...waiting, ...towards('10.0.0.2', [4, 33])]).destinations.cells;
    assert.deepEqual([cell!.portsUsed, cell!.portsOutside, cell!.portsTimeWait], [7, 4, 2]);
  });
});
