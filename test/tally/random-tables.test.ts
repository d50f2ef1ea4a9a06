import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CountingInput, createCounting } from '../../src/collector/counting.ts';
import type { EphemeralRules } from '../../src/model/ephemeral-rules.ts';
import { DEFAULT_LIMITS, type TallyLimits } from '../../src/model/limits.ts';
import type { SocketCounts } from '../../src/model/socket-counts.ts';
import { KNOWN_STATES, stateLabel, TcpState } from '../../src/model/tcp-state.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { BARE_INPUT } from '../support/tables/bare-tally-input.ts';
import { countByContract, type Sums } from '../support/tables/reference-tally.ts';
import { addSocketRows, type SocketRow } from '../support/tables/socket-rows.ts';
import { UNLIMITED } from '../support/tables/unlimited.ts';

const RANGE = { first: 100, last: 119, excluded: [{ first: 105, last: 106 }] };
const RULES: EphemeralRules = {
  ranges: { ipv4: RANGE, ipv6: RANGE },
  heldAgainst: 'destination',
  timeWaitReuse: { scope: 'never', afterMs: 1000 },
  timeWaitMs: 60_000,
};
const TIGHT: TallyLimits = {
  ...DEFAULT_LIMITS,
  connections: 3,
  localPorts: 2,
  remoteIps: 2,
  processes: 1,
  destinations: 2,
};

/** Few ports, peers and processes, so that cells are shared. Ports below 4 get listeners, so that some sockets are inbound. */
const anyPort = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 98, max: 121 }));
const anyPeer = fc.constantFrom('10.0.0.1', '10.0.0.2', '192.168.7.7', '203.0.113.200');
const anyPeerV6 = fc.constantFrom('2001:db8::1', '2001:db8::2', 'fd00::1');
/** Few of some, so that they are shared as services are, and many of the range. */
const anyPeerPort = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 98, max: 121 }));
const anyProcess = fc.constantFrom(undefined, 'nginx', 'java', 'other', 'a"b\\c');
const anyState = fc.constantFrom(...Object.keys(TcpState).filter((name) => name !== 'unknown')) as fc.Arbitrary<
  keyof typeof TcpState
>;
const anyRow: fc.Arbitrary<SocketRow> = fc
  .tuple(anyState, fc.boolean(), anyPort, anyPeer, anyPeerV6, anyPeerPort, anyProcess)
  .map(([state, isV6, port, peer, peerV6, peerPort, process]) => {
    const isTalking = state !== 'listen' && state !== 'bound';
    return {
      state,
      local: [isV6 ? 'fd00::9' : '10.0.0.9', port] as const,
      ...(isTalking && { remote: [isV6 ? peerV6 : peer, peerPort] as const }),
      owner: 1,
      ...(process !== undefined && { process }),
    };
  });
const anyRows = fc.array(anyRow, { maxLength: 120 });

const input: CountingInput = { ...BARE_INPUT, rules: RULES, hasOwners: true };

describe('all tallies on random tables', () => {
  it('agree with the slow reference when nothing is folded', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const table = new SocketTable(); // new ones: which ports served is remembered
        const tally = createCounting(table, UNLIMITED);
        addSocketRows(table, rows);
        const counts = tally(input);
        const expected = countByContract(renamed(rows), RANGE);
        assert.deepEqual(statesOf(counts), expected.states);
        assert.deepEqual(
          sumsOf(
            counts.connections!.cells,
            ({ state, direction, localPort, remoteIp, remotePort, process, sockets }) => [
              `${stateName(state)} ${direction} ${localPort} ${remoteIp} ${remotePort} ${process}`,
              sockets,
            ],
          ),
          expected.connections,
        );
        assert.deepEqual(
          sumsOf(counts.localPorts!.cells, ({ state, localPort, sockets }) => [
            `${stateName(state)} ${localPort}`,
            sockets,
          ]),
          expected.localPorts,
        );
        assert.deepEqual(
          sumsOf(counts.remoteIps!.cells, ({ state, remoteIp, sockets }) => [
            `${stateName(state)} ${remoteIp}`,
            sockets,
          ]),
          expected.remoteIps,
        );
        assert.deepEqual(
          sumsOf(counts.processes!.cells, ({ state, process, sockets }) => [`${stateName(state)} ${process}`, sockets]),
          expected.processes,
        );
        assert.deepEqual(
          sumsOf(counts.ephemeral!.destinations.cells, ({ localIp, remoteIp, remotePort, portsUsed }) => [
            `${localIp} ${remoteIp} ${remotePort}`,
            portsUsed,
          ]),
          expected.destinations,
        );
        for (const { family, used, ports } of counts.ephemeral!.families)
          assert.deepEqual([used, ports], [expected.usedPorts[family], 18]);
      }),
    );
  });

  it('add up exactly to the states when nearly everything is folded, scrape after scrape', () => {
    const table = new SocketTable();
    const tally = createCounting(table, TIGHT);
    fc.assert(
      fc.property(anyRows, (rows) => {
        table.reset();
        addSocketRows(table, rows);
        assertExactSums(tally(input));
      }),
    );
  });

  it('keep a cell while it stays near the top', () => {
    const table = new SocketTable();
    const tally = createCounting(table, TIGHT);
    const scrape = (sizes: readonly number[]) => {
      table.reset();
      const rows = sizes.flatMap((size, peer) =>
        Array.from(
          { length: size },
          (_, port): SocketRow => ({
            state: 'established',
            local: ['10.0.0.9', 100],
            remote: [`10.0.1.${peer}`, port + 1],
          }),
        ),
      );
      addSocketRows(table, rows);
      return tally(input)
        .remoteIps!.cells.map(({ remoteIp }) => remoteIp)
        .sort();
    };
    assert.deepEqual(scrape([50, 49, 48, 47]), ['10.0.1.0', '10.0.1.1', 'other']);
    assert.deepEqual(scrape([47, 48, 49, 50]), ['10.0.1.0', '10.0.1.1', 'other']);
    assert.deepEqual(scrape([47, 48, 49, 90]), ['10.0.1.1', '10.0.1.3', 'other']);
  });
});

/** A process called "other" is shown as "other_". */
function renamed(rows: readonly SocketRow[]): SocketRow[] {
  return rows.map((row) => (row.process === 'other' ? { ...row, process: 'other_' } : row));
}

function stateName(state: number): string {
  return Object.entries(TcpState).find(([, number]) => number === state)![0];
}

function statesOf({ states }: SocketCounts): Sums {
  const sums: Sums = {};
  for (const family of ['ipv4', 'ipv6'] as const) {
    for (const [state, count] of states![family].entries()) if (count) sums[`${family} ${stateName(state)}`] = count;
  }
  return sums;
}

function sumsOf<Cell>(cells: readonly Cell[], entry: (cell: Cell) => [string, number]): Sums {
  return Object.fromEntries(cells.map(entry));
}

function assertExactSums(counts: SocketCounts): void {
  const sum = (cells: readonly { state: number; sockets: number }[], state: number) =>
    cells.filter((cell) => cell.state === state).reduce((total, { sockets }) => total + sockets, 0);
  for (const state of KNOWN_STATES) {
    const total = counts.states!.ipv4[state]! + counts.states!.ipv6[state]!;
    const peers = state === TcpState.listen || state === TcpState.bound ? 0 : total;
    assert.deepEqual(
      [
        sum(counts.localPorts!.cells, state),
        sum(counts.processes!.cells, state),
        sum(counts.connections!.cells, state),
        sum(counts.remoteIps!.cells, state),
      ],
      [total, total, peers, peers],
      `sums of ${stateLabel(state)}`,
    );
  }
}
