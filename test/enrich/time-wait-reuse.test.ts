import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCounting } from '../../src/collector/counting.ts';
import type { EphemeralRules, TimeWaitReuse } from '../../src/model/ephemeral-rules.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { BARE_INPUT } from '../support/tables/bare-tally-input.ts';
import { type SocketRow, turnSocketRows } from '../support/tables/socket-rows.ts';
import { UNLIMITED } from '../support/tables/unlimited.ts';

const RANGE = { first: 40_000, last: 40_099, excluded: [] };
const FAR: SocketRow = {
  state: 'timeWait',
  local: ['10.0.0.9', 40_000],
  remote: ['192.0.2.2', 80],
  milliseconds: 30_000,
  timestamps: true,
};

/** Scrapes of one host whose source tells of each connection in TIME_WAIT whether it used timestamps. */
function createHost(scope: TimeWaitReuse['scope']) {
  const table = new SocketTable();
  const count = createCounting(table, UNLIMITED);
  const rules: EphemeralRules = {
    ranges: { ipv4: RANGE, ipv6: RANGE },
    heldAgainst: 'destination',
    timeWaitReuse: { scope, afterMs: 1000 },
    timeWaitMs: 60_000,
  };
  /** How many of the ports may be taken over. */
  return (rows: readonly SocketRow[], knows = true): number => {
    turnSocketRows(table, rows).knowsTimestamps = knows;
    const askPeer = () => {
      throw new Error('what is known is not asked');
    };
    const { ephemeral } = count({ ...BARE_INPUT, rules, askPeer });
    return ephemeral!.destinations.cells.reduce((sum, { portsReusable }) => sum + portsReusable, 0);
  };
}

describe('ports that tcp_tw_reuse frees, where each connection tells of its timestamps', () => {
  it('are those of the connections that used them, of one destination and at once', () => {
    const scrape = createHost('always');
    const rows = [0, 1, 2, 3].map((index) => at(index, { timestamps: index % 2 === 1 }));
    assert.equal(scrape(rows), 2);
  });

  it('are those that have waited long enough', () => {
    const scrape = createHost('always');
    assert.equal(scrape([at(0, { milliseconds: 59_001 }), at(1, { milliseconds: 58_999 })]), 1);
    assert.equal(scrape([at(0, { milliseconds: 58_000 }), at(1, { milliseconds: 58_000 })]), 2);
  });

  it('follow a connection that takes the place of another in TIME_WAIT', () => {
    const scrape = createHost('always');
    assert.equal(scrape([FAR]), 1);
    assert.equal(scrape([{ ...FAR, timestamps: false }]), 0);
    assert.equal(scrape([FAR]), 1);
  });

  it('are with tcp_tw_reuse=2 those of loopback addresses and of the loopback interface, with timestamps', () => {
    const scrape = createHost('loopback');
    assert.equal(scrape([FAR]), 0);
    assert.equal(scrape([at(1, { remote: ['127.0.0.1', 80] })]), 1);
    assert.equal(scrape([at(1, { remote: ['127.0.0.1', 80], timestamps: false })]), 0);
    assert.equal(scrape([at(2, { interface: 1 }), at(3, { interface: 2 })]), 1);
  });

  it('are none with tcp_tw_reuse=0', () => {
    assert.equal(createHost('never')([FAR]), 0);
  });

  it('are inferred again when the source does not tell any more', () => {
    const scrape = createHost('always');
    assert.equal(scrape([FAR]), 1);
    assert.equal(scrape([{ ...FAR, timestamps: false }], false), 0);
    assert.equal(scrape([{ ...FAR, local: ['192.0.2.2', 40_000], timestamps: false }], false), 1, 'to itself');
  });
});

function at(index: number, rest: Partial<SocketRow>): SocketRow {
  return { ...FAR, local: ['10.0.0.9', 40_000 + index], ...rest };
}
