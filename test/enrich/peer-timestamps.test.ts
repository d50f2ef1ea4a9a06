import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCounting } from '../../src/collector/counting.ts';
import type { EphemeralRules } from '../../src/model/ephemeral-rules.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { BARE_INPUT } from '../support/tables/bare-tally-input.ts';
import { type SocketRow, turnSocketRows } from '../support/tables/socket-rows.ts';
import { UNLIMITED } from '../support/tables/unlimited.ts';

const RANGE = { first: 40_000, last: 40_099, excluded: [] };
const RULES: EphemeralRules = {
  ranges: { ipv4: RANGE, ipv6: RANGE },
  heldAgainst: 'destination',
  timeWaitReuse: { scope: 'always', afterMs: 1000 },
  timeWaitMs: 60_000,
};

interface Scrape {
  readonly rows: readonly SocketRow[];
  /** Numbers of the rows that took the place of another. */
  readonly tookOver?: readonly number[];
  readonly reused?: number;
}

/** `answers`: what the kernel says of a connection, by its remote port; what is asked is noted. */
function createHost(answers: Readonly<Record<number, boolean>> = {}) {
  const table = new SocketTable();
  const tally = createCounting(table, UNLIMITED);
  const asked: number[] = [];
  return {
    asked,
    /** Ports that may be taken over, by remote port. */
    scrape({ rows, tookOver = [], reused }: Scrape): Record<number, number> {
      turnSocketRows(table, rows);
      for (const row of tookOver) table.setTime(row, rows[row]!.milliseconds!, true);
      const { ephemeral } = tally({
        ...BARE_INPUT,
        rules: RULES,
        timeWaitReused: reused,
        askPeer: (row) => {
          const port = table.rowAt(row).remotePort;
          asked.push(port);
          return answers[port];
        },
      });
      const cells = ephemeral!.destinations.cells;
      return Object.fromEntries(cells.map(({ remotePort, portsReusable }) => [remotePort, portsReusable]));
    },
  };
}

/** In TIME_WAIT towards a service, the first from port `from` on, old enough to be taken over. */
function waiting(service: number, length: number, from = 0, milliseconds = 30_000): SocketRow[] {
  return Array.from({ length }, (_, index): SocketRow => {
    return {
      state: 'timeWait',
      local: ['10.0.0.9', 40_000 + from + index],
      remote: ['192.0.2.2', service],
      milliseconds,
    };
  });
}

function open(service: number, port = 99): SocketRow {
  return { state: 'established', local: ['10.0.0.9', 40_000 + port], remote: ['192.0.2.2', service], owner: 7 };
}

describe('ports that tcp_tw_reuse=1 frees', () => {
  it('are none as long as nothing tells that the peer uses timestamps', () => {
    const { scrape } = createHost();
    assert.deepEqual(scrape({ rows: waiting(80, 50) }), { 80: 0 });
    assert.deepEqual(scrape({ rows: waiting(80, 50) }), { 80: 0 });
  });

  it('are those of destinations whose open connections have agreed on them, from the first scrape on', () => {
    const { scrape, asked } = createHost({ 80: true, 81: false });
    const rows = [
      ...waiting(80, 30),
      open(80),
      ...waiting(81, 20),
      open(81, 98),
      ...waiting(82, 9),
      ...waiting(80, 5, 50, 59_500),
    ];
    assert.deepEqual(scrape({ rows }), { 80: 30, 81: 0, 82: 0 });
    for (let index = 0; index < 3; index++) assert.equal(scrape({ rows })[80], 30);
    assert.deepEqual(asked, [80, 81], 'not asked in each scrape');
    assert.equal(scrape({ rows: waiting(80, 30) })[80], 30, 'known after the connection is gone');
  });

  it('are asked for nothing without TIME_WAIT towards the same destination', () => {
    const { scrape, asked } = createHost({ 80: true });
    scrape({ rows: [open(80), ...waiting(81, 3)] });
    assert.deepEqual(asked, []);
  });

  it('are those of destinations where sockets took the place of others, as many as the kernel says or fewer', () => {
    const { scrape } = createHost();
    const rows = [...waiting(80, 30), ...waiting(81, 30)];
    assert.deepEqual(scrape({ rows, reused: 5 }), { 80: 0, 81: 0 });
    assert.deepEqual(scrape({ rows, tookOver: [3, 4], reused: 7 }), { 80: 30, 81: 0 });
  });

  it('are none where a FIN that came once more gave a socket its time again, or a slow scrape all of them', () => {
    const { scrape } = createHost();
    const rows = [...waiting(80, 30), ...waiting(81, 30)];
    scrape({ rows, reused: 5 });
    assert.deepEqual(scrape({ rows, tookOver: [3], reused: 5 }), { 80: 0, 81: 0 }, 'the kernel took none over');
    assert.deepEqual(scrape({ rows, tookOver: [3, 4, 5], reused: 6 }), { 80: 0, 81: 0 }, 'it took fewer over');
    assert.deepEqual(scrape({ rows, tookOver: [3] }), { 80: 0, 81: 0 }, 'nobody knows');
  });

  it('are none of a destination at its limit for a single one', () => {
    const { scrape } = createHost();
    const rows = [...waiting(80, 90), ...waiting(81, 9)];
    scrape({ rows, reused: 5 });
    assert.deepEqual(scrape({ rows, tookOver: [3], reused: 50 }), { 80: 0, 81: 0 });
    const many = Array.from({ length: 20 }, (_, row) => row);
    assert.deepEqual(scrape({ rows, tookOver: many, reused: 80 }), { 80: 90, 81: 0 });
  });

  it('are those of the only destination that waits, far from its limit, when the kernel has taken some over', () => {
    const { scrape } = createHost();
    assert.deepEqual(scrape({ rows: waiting(80, 60), reused: 5 }), { 80: 0 });
    assert.deepEqual(scrape({ rows: waiting(80, 60), reused: 6 }), { 80: 60 });
    for (const others of [waiting(81, 1), waiting(81, 40)]) {
      const two = createHost();
      two.scrape({ rows: [...waiting(80, 60), ...others], reused: 5 });
      assert.equal(two.scrape({ rows: [...waiting(80, 60), ...others], reused: 6 })[80], 0);
    }
    const full = createHost();
    full.scrape({ rows: waiting(80, 90), reused: 5 });
    assert.deepEqual(full.scrape({ rows: waiting(80, 90), reused: 6 }), { 80: 0 });
  });

  it('are none where a full range took none over though connections were opened, if no open one says otherwise', () => {
    const before = [...waiting(80, 78), open(80, 79)];
    const after = [...waiting(80, 60), ...waiting(80, 20, 80, 58_000)];
    const { scrape } = createHost({ 80: true });
    assert.equal(scrape({ rows: before })[80], 78);
    assert.equal(scrape({ rows: after })[80], 0);
    const asked = createHost({ 80: true });
    asked.scrape({ rows: before });
    assert.equal(asked.scrape({ rows: [...after, open(80, 79)] })[80], 80);
  });

  it('are forgotten after a while', () => {
    const { scrape } = createHost({ 80: true });
    scrape({ rows: [...waiting(80, 9), open(80)] });
    for (let index = 0; index < 40; index++) assert.equal(scrape({ rows: waiting(80, 9) })[80], 9);
    assert.equal(scrape({ rows: waiting(80, 9) })[80], 0);
  });
});
