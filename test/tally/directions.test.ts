import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCounting } from '../../src/collector/counting.ts';
import type { EphemeralRules } from '../../src/model/ephemeral-rules.ts';
import { stateLabel } from '../../src/model/tcp-state.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { BARE_INPUT } from '../support/tables/bare-tally-input.ts';
import { type SocketRow, turnSocketRows } from '../support/tables/socket-rows.ts';
import { UNLIMITED } from '../support/tables/unlimited.ts';

const RANGE = { first: 32_768, last: 60_999, excluded: [] };
const RULES: EphemeralRules = {
  ranges: { ipv4: RANGE, ipv6: RANGE },
  heldAgainst: 'destination',
  timeWaitReuse: { scope: 'never', afterMs: 1000 },
  timeWaitMs: 60_000,
};

/** Scrapes in turn; each answers with its cells as text, or with its destinations. */
function createHost(rules = RULES) {
  const table = new SocketTable();
  const tally = createCounting(table, UNLIMITED);
  const count = (rows: readonly SocketRow[]) => {
    turnSocketRows(table, rows);
    return tally({
      ...BARE_INPUT,
      rules,
    });
  };
  return {
    scrape: (rows: readonly SocketRow[]) =>
      count(rows)
        .connections!.cells.map(({ state, direction, localPort, remoteIp, remotePort, sockets }) =>
          [direction, stateLabel(state), localPort, remoteIp, remotePort || '-', sockets].join(' '),
        )
        .sort(),
    destinations: (rows: readonly SocketRow[]) =>
      count(rows).ephemeral!.destinations.cells.map(({ remoteIp, remotePort, portsUsed, portsOutside }) =>
        [remoteIp, remotePort, portsUsed, portsOutside].join(' '),
      ),
    localPorts: (rows: readonly SocketRow[]) =>
      count(rows).localPorts!.cells.map(({ localPort, sockets }) => `${localPort} ${sockets}`),
  };
}

const LISTENER: SocketRow = { state: 'listen', local: ['10.0.0.9', 443], owner: 1 };

function connections(
  length: number,
  of: (index: number) => Pick<SocketRow, 'local' | 'remote'> & Partial<SocketRow>,
): SocketRow[] {
  return Array.from({ length }, (_, index): SocketRow => ({ state: 'established', owner: 100 + index, ...of(index) }));
}

/** Clients of one address, from ports anywhere: those behind NAT have ports outside of our range too. */
function clientsOf(local: readonly [string, number], length: number, remote = '203.0.113.7'): SocketRow[] {
  return connections(length, (index) => ({ local, remote: [remote, 1024 + index * 97] }));
}

for (const [family, server, peer] of [
  ['IPv4', '10.0.0.9', '203.0.113.7'],
  ['IPv6', 'fd00::9', '2001:db8::7'],
] as const) {
  describe(`direction, ${family}`, () => {
    const listener: SocketRow = { ...LISTENER, local: [server, 443] };
    const clients = clientsOf([server, 443], 300, peer);

    it('stays that of the listener while connections that were accepted there live', () => {
      const { scrape } = createHost();
      const expected = [`inbound established 443 ${peer} - 300`];
      assert.deepEqual(scrape([listener, ...clients]), expected);
      assert.deepEqual(scrape(clients), expected);
      const closing = clients.map((row): SocketRow => ({ ...row, state: 'timeWait', owner: 0 }));
      assert.deepEqual(scrape(closing.slice(0, 1)), [`inbound time_wait 443 ${peer} - 1`]);
      assert.deepEqual(scrape([]), []);
      const later = connections(1, () => ({ local: [server, 443], remote: [peer, 80] }));
      assert.deepEqual(scrape(later), [`outbound established 443 ${peer} 80 1`], 'forgotten with the last of them');
    });

    it('is told by the ports where no listener was ever seen: a transparent proxy, a server that drains', () => {
      assert.deepEqual(createHost().scrape(clients), [`inbound established 443 ${peer} - 300`]);
      const one = connections(1, () => ({ local: [server, 443], remote: [peer, 40_001] }));
      assert.deepEqual(createHost().scrape(one), [`inbound established 443 ${peer} - 1`]);
    });

    it('is told of a service inside the ephemeral range too', () => {
      assert.deepEqual(createHost().scrape(clientsOf([server, 50_051], 40, peer)), [
        `inbound established 50051 ${peer} - 40`,
      ]);
    });

    it('of clients stays outbound, however many share a port', () => {
      const crawler = connections(400, (index) => ({
        local: [server, 32_768 + (index % 20) * 2],
        remote: [peer, 443 + (index % 3)],
      }));
      assert.ok(
        createHost()
          .scrape(crawler)
          .every((cell) => cell.startsWith('outbound established ephemeral')),
      );
    });

    it('of clients stays outbound in a narrow range too, where each port has very many peers', () => {
      const range = { first: 40_000, last: 40_099, excluded: [] };
      const { scrape } = createHost({ ...RULES, ranges: { ipv4: range, ipv6: range } });
      const crawler = connections(3000, (index) => ({
        local: [server, 40_000 + (index % 50) * 2],
        remote: [peer, 1024 + index],
      }));
      assert.ok(scrape(crawler).every((cell) => cell.startsWith('outbound established ephemeral')));
      const draining = clientsOf([server, 40_051], 400, peer);
      assert.deepEqual(
        scrape([...crawler, ...draining]).filter((cell) => cell.startsWith('inbound')),
        [`inbound established 40051 ${peer} - 400`],
      );
    });

    it('of a connection that waits for the answer to its SYN is outbound, whatever listens on its port', () => {
      const dialling: SocketRow = { state: 'synSent', local: [server, 443], remote: [peer, 4001], owner: 9 };
      assert.deepEqual(createHost().scrape([listener, dialling]), [`outbound syn_sent 443 ${peer} 4001 1`]);
    });
  });
}

describe('ports outside of the ephemeral range', () => {
  const backends = ['10.0.0.8', '10.0.0.7'] as const;
  const proxy = (length: number, port = 8000) =>
    connections(length, (index) => ({
      local: ['10.0.0.1', 10_000 + (index >> 1)],
      remote: [backends[index % 2]!, port],
    }));

  it('are one series towards a service, and are counted for their destination', () => {
    const { scrape, destinations, localPorts } = createHost();
    const rows = proxy(500);
    assert.deepEqual(scrape(rows), [
      'outbound established own_range 10.0.0.7 8000 250',
      'outbound established own_range 10.0.0.8 8000 250',
    ]);
    assert.deepEqual(destinations(rows).sort(), ['10.0.0.7 8000 250 250', '10.0.0.8 8000 250 250']);
    assert.deepEqual(localPorts(rows), ['own_range 500']);
  });

  it('are so too where the service has a port of the range', () => {
    assert.deepEqual(createHost().scrape(proxy(500, 50_051)), [
      'outbound established own_range 10.0.0.7 50051 250',
      'outbound established own_range 10.0.0.8 50051 250',
    ]);
  });

  it('are shown one by one while they are few, and again when all of the many are gone', () => {
    const { scrape } = createHost();
    const nfs = (length: number, state: SocketRow['state'] = 'established') =>
      connections(length, (index) => ({ state, local: ['10.0.0.1', 665 + index], remote: ['10.0.0.8', 2049] }));
    assert.deepEqual(scrape(nfs(2)), [
      'outbound established 665 10.0.0.8 2049 1',
      'outbound established 666 10.0.0.8 2049 1',
    ]);
    assert.deepEqual(scrape(nfs(9)), ['outbound established own_range 10.0.0.8 2049 9']);
    assert.deepEqual(scrape(nfs(1)), ['outbound established own_range 10.0.0.8 2049 1'], 'no flapping');
    assert.deepEqual(scrape([]), []);
    assert.deepEqual(scrape(nfs(1)), ['outbound established 665 10.0.0.8 2049 1']);
  });

  it('do not count against the range', () => {
    const table = new SocketTable();
    turnSocketRows(table, proxy(500));
    const tally = createCounting(table, UNLIMITED);
    const { ephemeral } = tally({
      ...BARE_INPUT,
      rules: RULES,
      hasOwners: true,
    });
    assert.deepEqual(
      ephemeral!.families.map(({ used, utilization }) => [used, utilization]),
      [
        [0, 0],
        [0, 0],
      ],
    );
    assert.deepEqual(ephemeral!.processes!.cells, []);
  });
});
