import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCounting } from '../../src/collector/counting.ts';
import type { EphemeralRules } from '../../src/model/ephemeral-rules.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { BARE_INPUT } from '../support/tables/bare-tally-input.ts';
import { type SocketRow, turnSocketRows } from '../support/tables/socket-rows.ts';
import { UNLIMITED } from '../support/tables/unlimited.ts';

const RANGE = { first: 40_000, last: 40_099, excluded: [{ first: 40_050, last: 40_050 }] };
const RULES: EphemeralRules = {
  ranges: { ipv4: RANGE, ipv6: RANGE },
  heldAgainst: 'destination',
  timeWaitReuse: { scope: 'never', afterMs: 1000 },
  timeWaitMs: 60_000,
};
const HOUR_MS = 3_600_000;

function createHost(destinations = 20) {
  const table = new SocketTable();
  const tally = createCounting(table, { ...UNLIMITED, destinations });
  return (rows: readonly SocketRow[], nowMs: number) => {
    turnSocketRows(table, rows);
    const { ephemeral } = tally({
      ...BARE_INPUT,
      rules: RULES,
      hasOwners: true,
      nowMs,
    });
    const text = ({ localPort, process, sockets }: { localPort: string; process: string; sockets: number }) =>
      `${localPort} ${process} ${sockets}`;
    return { holders: ephemeral!.holders.map(text), listeners: ephemeral!.listeners.map(text) };
  };
}

function outbound(port: number, process = 'client', remote = '192.0.2.1', state: SocketRow['state'] = 'established') {
  return { state, local: ['10.0.0.9', port], remote: [remote, 443], owner: port, process } satisfies SocketRow;
}

function listener(port: number, process: string, address = '0.0.0.0'): SocketRow {
  return { state: 'listen', local: [address, port], owner: port, process };
}

describe('holders of ephemeral ports', () => {
  it('are those from the first scrape, and those of an hour, in the order of their age', () => {
    const scrape = createHost();
    assert.deepEqual(scrape([outbound(40_001)], 0).holders, ['40001 client 1']);
    const later = [outbound(40_001), outbound(40_000, 'new'), outbound(39_999, 'outside')];
    assert.deepEqual(scrape(later, 10_000).holders, ['40001 client 1']);
    assert.deepEqual(scrape(later, HOUR_MS).holders, ['40001 client 1']);
    assert.deepEqual(scrape(later, HOUR_MS + 20_000).holders, ['40001 client 1', '40000 new 1']);
    assert.deepEqual(scrape([outbound(40_000, 'new')], HOUR_MS + 30_000).holders, ['40000 new 1']);
    assert.deepEqual(scrape([], HOUR_MS + 40_000).holders, []);
    assert.deepEqual(scrape([outbound(40_000, 'new')], HOUR_MS + 50_000).holders, [], 'held anew');
  });

  it('stay so through states, and are none in TIME_WAIT', () => {
    const scrape = createHost();
    scrape([outbound(40_001)], 0);
    assert.deepEqual(scrape([outbound(40_001, 'client', '192.0.2.1', 'closeWait')], 1).holders, ['40001 client 1']);
    const waiting = { ...outbound(40_001), state: 'timeWait' as const, owner: 0 };
    assert.deepEqual(scrape([waiting], 2).holders, []);
  });

  it('are told with all their sockets and processes', () => {
    const rows = [outbound(40_001, 'a'), outbound(40_001, 'a', '192.0.2.2'), outbound(40_001, 'b', '192.0.2.3')];
    assert.deepEqual(createHost()(rows, 0).holders, ['40001 a 2', '40001 b 1']);
  });

  it('are sockets connected to themselves at once, before all others', () => {
    const scrape = createHost(2);
    scrape([outbound(40_001), outbound(40_002)], 0);
    for (const address of ['127.0.0.1', '::1']) {
      const self: SocketRow = {
        state: 'established',
        local: [address, 40_010],
        remote: [address, 40_010],
        owner: 5,
        process: 'sidecar',
      };
      assert.deepEqual(scrape([outbound(40_001), outbound(40_002), self], 1).holders, [
        '40010 sidecar 1',
        '40001 client 1',
      ]);
    }
  });
});

describe('listeners inside the ephemeral range', () => {
  it('are those on ports that are not reserved', () => {
    const rows = [
      listener(443, 'web'),
      listener(40_010, 'kubelet'),
      listener(40_010, 'kubelet', '::'),
      listener(40_050, 'reserved'),
    ];
    assert.deepEqual(createHost()(rows, 0).listeners, ['40010 kubelet 2']);
  });

  it('beyond the limit are in other', () => {
    const rows = [40_010, 40_011, 40_012, 40_013].map((port) => listener(port, 'rpc'));
    assert.deepEqual(createHost(2)(rows, 0).listeners, ['40010 rpc 1', '40011 rpc 1', 'other other 2']);
  });
});
