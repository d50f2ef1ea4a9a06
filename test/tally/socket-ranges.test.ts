import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCounting } from '../../src/collector/counting.ts';
import type { EphemeralRules } from '../../src/model/ephemeral-rules.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { BARE_INPUT } from '../support/tables/bare-tally-input.ts';
import { heldPorts, type SocketRow, turnSocketRows } from '../support/tables/socket-rows.ts';
import { UNLIMITED } from '../support/tables/unlimited.ts';

const RANGE = { first: 40_000, last: 40_099, excluded: [{ first: 40_019, last: 40_019 }] };
const RULES: EphemeralRules = {
  ranges: { ipv4: RANGE, ipv6: RANGE },
  heldAgainst: 'destination',
  timeWaitReuse: { scope: 'never', afterMs: 1000 },
  timeWaitMs: 60_000,
};

/** Scrapes of one host whose sockets show these ranges. */
function createHost() {
  const table = new SocketTable();
  const count = createCounting(table, UNLIMITED);
  return (rows: readonly SocketRow[], ranges: readonly (readonly [number, number])[], nowMs = 0) => {
    turnSocketRows(table, rows).heldPorts = heldPorts([40_011]);
    for (const [first, last] of ranges) table.portRanges.add(((last << 16) | first) >>> 0);
    const { socketRanges } = count({ ...BARE_INPUT, rules: RULES, nowMs }).ephemeral!;
    return socketRanges?.map(({ family, first, last, ports, utilization }) =>
      [family, `${first}-${last}`, Math.round(utilization * ports), ports].join(' '),
    );
  };
}

describe('ranges that programs set for their sockets', () => {
  it('are none where no socket shows one', () => {
    assert.equal(createHost()(towards('10.0.0.1', [10]), []), undefined);
  });

  it('count ports towards the busiest destination, whoever has them, held and reserved ones too', () => {
    const rows = [...towards('10.0.0.1', [10, 12, 13, 30]), ...towards('10.0.0.2', [10, 14])];
    assert.deepEqual(createHost()(rows, [[40_010, 40_019]]), ['ipv4 40010-40019 4 9']);
  });

  it('are clipped to the range of the host, and the fullest comes first', () => {
    const rows = [...towards('10.0.0.1', [0, 1, 98]), ...towards('fd00::1', [97])];
    const ranges = [
      [30_000, 40_009],
      [40_090, 65_535],
    ] as const;
    assert.deepEqual(createHost()(rows, ranges), [
      'ipv4 40000-40009 2 10',
      'ipv4 40090-40099 1 10',
      'ipv6 40090-40099 1 10',
    ]);
  });

  it('stay while their sockets may be in TIME_WAIT, and go afterwards', () => {
    const scrape = createHost();
    const rows: SocketRow[] = towards('10.0.0.1', [12]).map((row) => ({ ...row, state: 'timeWait', owner: 0 }));
    assert.deepEqual(scrape(rows, [[40_012, 40_013]], 1000), ['ipv4 40012-40013 1 2']);
    assert.deepEqual(scrape(rows, [], 61_000), ['ipv4 40012-40013 1 2']);
    assert.equal(scrape(rows, [], 61_001), undefined);
  });
});

function towards(remote: string, offsets: readonly number[]): SocketRow[] {
  const local = remote.includes(':') ? 'fd00::9' : '10.0.0.9';
  return offsets.map((offset) => ({
    state: 'established',
    local: [local, 40_000 + offset],
    remote: [remote, 443],
    owner: 10 + offset,
  }));
}
