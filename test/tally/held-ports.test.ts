import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCounting } from '../../src/collector/counting.ts';
import type { EphemeralRules } from '../../src/model/ephemeral-rules.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { BARE_INPUT } from '../support/tables/bare-tally-input.ts';
import { heldPorts, type SocketRow, turnSocketRows } from '../support/tables/socket-rows.ts';
import { UNLIMITED } from '../support/tables/unlimited.ts';

const FIRST = 40_000;
const PORTS = 20;
const RANGE = { first: FIRST, last: FIRST + PORTS - 1, excluded: [] };
const RULES: EphemeralRules = {
  ranges: { ipv4: RANGE, ipv6: RANGE },
  heldAgainst: 'destination',
  timeWaitReuse: { scope: 'never', afterMs: 1000 },
  timeWaitMs: 60_000,
};

/** Scrapes of one host. `held`: offsets of the range that the kernel gives no connect(); undefined = it does not say. */
function createHost() {
  const table = new SocketTable();
  const count = createCounting(table, UNLIMITED);
  return (rows: readonly SocketRow[], held: readonly number[] | undefined) => {
    turnSocketRows(table, rows).heldPorts = held && heldPorts(held.map((offset) => FIRST + offset));
    const { families } = count({ ...BARE_INPUT, rules: RULES }).ephemeral!;
    const { bound, boundEstimate, blocked, utilization } = families.find(({ family }) => family === 'ipv4')!;
    return { bound, boundEstimate, blocked, taken: utilization! * PORTS };
  };
}

describe('ports held against every connect(), where the kernel tells', () => {
  it('are known whatever their parity, and taken from every destination once', () => {
    const scrape = createHost();
    const rows = [...towards('10.0.0.1', [0, 1, 2, 3]), ...towards('10.0.0.2', [4, 6])];
    assert.deepEqual(scrape(rows, [2, 3, 4]), { bound: 3, boundEstimate: undefined, blocked: 0, taken: 2 + 3 });
  });

  it('are none although odd ones are used, which an estimate takes for bound', () => {
    const scrape = createHost();
    const rows = towards('10.0.0.1', [1, 3, 5]);
    assert.deepEqual(scrape(rows, []), { bound: 0, boundEstimate: undefined, blocked: 0, taken: 3 });
    assert.deepEqual(createHost()(rows, undefined), { bound: undefined, boundEstimate: 3, blocked: 0, taken: 3 });
  });

  it('leave the destination that has the ports among the busiest, beside larger ones of ports outside the range', () => {
    for (const held of [new Uint8Array(65_536), undefined]) {
      const table = new SocketTable();
      const count = createCounting(table, { ...UNLIMITED, destinations: 2 });
      const proxy = ['10.0.0.7', '10.0.0.8', '10.0.0.9'].flatMap((backend) =>
        Array.from(
          { length: 30 },
          (_, port): SocketRow => ({
            state: 'established',
            local: ['10.0.0.5', 1100 + port],
            remote: [backend, 80],
            owner: 5000 + port,
          }),
        ),
      );
      turnSocketRows(table, [...proxy, ...towards('10.0.0.1', [0, 2, 4, 6, 8])]).heldPorts = held;
      const { destinations } = count({ ...BARE_INPUT, rules: RULES }).ephemeral!;
      assert.deepEqual(
        destinations.cells.map(({ remoteIp, portsUsed }) => [remoteIp, portsUsed]),
        [
          ['10.0.0.7', 30],
          ['10.0.0.1', 5],
        ],
      );
    }
  });

  it('are counted as blocked where a listener, a connection it accepted or a bound socket has them', () => {
    const scrape = createHost();
    const listener: SocketRow = { state: 'listen', local: ['0.0.0.0', FIRST + 7], owner: 1 };
    const bound: SocketRow = { state: 'bound', local: ['10.0.0.9', FIRST + 8], owner: 2 };
    const accepted = towards('10.0.0.77', [7]);
    const all = { boundEstimate: undefined, taken: 3 };
    assert.deepEqual(scrape([listener, bound, ...accepted], [7, 8, 9]), { bound: 1, blocked: 2, ...all });
    assert.deepEqual(scrape([bound, ...accepted], [7, 8, 9]), { bound: 1, blocked: 2, ...all }, 'while it drains');
    assert.deepEqual(
      scrape([listener], []),
      { bound: 0, blocked: 1, boundEstimate: undefined, taken: 1 },
      'came since',
    );
  });

  it('come and go from scrape to scrape while the rows stay', () => {
    const scrape = createHost();
    const rows = towards('10.0.0.1', [0, 2]);
    assert.deepEqual(scrape(rows, [2]).taken, 2);
    assert.deepEqual(scrape(rows, [5]), { bound: 1, boundEstimate: undefined, blocked: 0, taken: 3 });
    assert.deepEqual(scrape(rows, []).taken, 2);
  });

  it('are estimated again when the kernel does not tell any more, and known when it does', () => {
    const scrape = createHost();
    const rows = towards('10.0.0.1', [1, 2]);
    const known = { bound: 0, boundEstimate: undefined, blocked: 0, taken: 2 };
    const estimated = { bound: undefined, boundEstimate: 1, blocked: 0, taken: 2 };
    assert.deepEqual(scrape(rows, []), known);
    assert.deepEqual(scrape(rows, undefined), estimated);
    assert.deepEqual(scrape(rows, []), known);
  });
});

function towards(remote: string, offsets: readonly number[]): SocketRow[] {
  return offsets.map((offset) => ({
    state: 'established',
    local: ['10.0.0.9', FIRST + offset],
    remote: [remote, 443],
    owner: 10 + offset,
  }));
}
