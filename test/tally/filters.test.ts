import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CountingInput, createCounting } from '../../src/collector/counting.ts';
import type { FilterRules } from '../../src/model/file-config.ts';
import { createFilters } from '../../src/model/filters.ts';
import { parseAddress } from '../../src/model/ip-address.ts';
import type { TallyLimits } from '../../src/model/limits.ts';
import type { Breakdown, SocketCounts } from '../../src/model/socket-counts.ts';
import { KNOWN_STATES } from '../../src/model/tcp-state.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { BARE_INPUT } from '../support/tables/bare-tally-input.ts';
import { type SocketRow, turnSocketRows } from '../support/tables/socket-rows.ts';
import { UNLIMITED } from '../support/tables/unlimited.ts';

const RANGE = { first: 100, last: 119, excluded: [] };
const INPUT: CountingInput = {
  ...BARE_INPUT,
  rules: {
    ranges: { ipv4: RANGE, ipv6: RANGE },
    heldAgainst: 'destination',
    timeWaitReuse: { scope: 'never', afterMs: 1000 },
    timeWaitMs: 60_000,
  },
  hasOwners: true,
  nameOfGroup: (id) => (id === 3n ? undefined : `unit-${id}`),
};

const PEERS = ['10.0.0.1', '10.0.0.2', '127.0.0.1', '203.0.113.200', '2001:db8::1', '::1'];
const anyPort = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 98, max: 121 }));
const anyRow: fc.Arbitrary<SocketRow> = fc
  .record({
    state: fc.constantFrom<SocketRow['state']>('established', 'timeWait', 'closeWait', 'listen', 'bound', 'synSent'),
    port: anyPort,
    peer: fc.constantFrom(...PEERS),
    peerPort: anyPort,
    process: fc.option(fc.constantFrom('nginx', 'java', 'filtered', 'node_exporter'), { nil: undefined }),
    group: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ state, port, peer, peerPort, process, group }) => ({
    state,
    local: [peer.includes(':') ? 'fd00::9' : '10.0.0.9', port] as const,
    ...(state !== 'listen' && state !== 'bound' && { remote: [peer, peerPort] as const }),
    owner: 1,
    ...(process !== undefined && { process }),
    group,
  }));

const anyPorts = fc.record({ first: anyPort, more: fc.nat(3) });
const anyNetwork = fc
  .tuple(fc.constantFrom(['10.0.0.0', 8], ['10.0.0.2', 32], ['127.0.0.0', 8], ['::1', 128], ['::', 0], ['0.0.0.0', 0]))
  .map(([[address, prefix]]) => ({ network: parseAddress(String(address))!, prefix: Number(prefix) }));
const anyName = fc.constantFrom('nginx', 'unknown', 'n*', '*a*', '????', 'filtered_', 'unit-1', '*-2');
const rulesOf = <Rule>(rule: fc.Arbitrary<Rule>) =>
  fc.option(
    fc.record(
      { include: fc.array(rule, { minLength: 1, maxLength: 2 }), exclude: fc.array(rule, { maxLength: 2 }) },
      { requiredKeys: ['exclude'] },
    ),
    { nil: undefined },
  );
const anyPortRules = rulesOf(anyPorts.map(({ first, more }) => ({ first, last: first + more })));
const anyRules = fc
  .record({
    localPort: anyPortRules,
    remotePort: anyPortRules,
    remoteIp: rulesOf(anyNetwork),
    process: rulesOf(anyName),
    unit: rulesOf(anyName),
    isDropped: fc.boolean(),
  })
  .map(
    (rules) =>
      Object.fromEntries(Object.entries(rules).filter(([, rule]) => rule !== undefined)) as never as FilterRules,
  );

/** The label of a cell of each breakdown that a filter decides by, slow and obvious. */
const DECIDES: Readonly<Record<string, readonly (readonly [rule: keyof FilterRules, label: string])[]>> = {
  connections: [
    ['localPort', 'localPort'],
    ['remotePort', 'remotePort'],
    ['remoteIp', 'remoteIp'],
    ['process', 'process'],
  ],
  localPorts: [['localPort', 'localPort']],
  remoteIps: [['remoteIp', 'remoteIp']],
  processes: [['process', 'process']],
  units: [['unit', 'unit']],
};

describe('filters', () => {
  it('leave what they keep as it is, add up the rest by state, and change no total', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(anyRow, { maxLength: 40 }), { minLength: 1, maxLength: 4 }),
        anyRules,
        (scrapes, rules) => {
          const counted = countBoth(scrapes, rules, UNLIMITED);
          for (const { plain, filtered } of counted) {
            for (const name of Object.keys(DECIDES)) assertFiltered(name, plain, filtered, rules);
            const { connections, localPorts, remoteIps, processes, units, ...totals } = filtered;
            const { connections: _, localPorts: __, remoteIps: ___, processes: ____, units: _____, ...before } = plain;
            assert.deepEqual(totals, before);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('take no place of a limit: the largest of what is kept have cells', () => {
    const rows = (peer: string, sockets: number) =>
      Array.from({ length: sockets }, (_, index): SocketRow => {
        return {
          state: 'established',
          local: ['10.0.0.9', 100 + index],
          remote: [peer, 80],
          owner: 1,
          process: 'nginx',
        };
      });
    const table = new SocketTable();
    const count = createCounting(table, { ...UNLIMITED, remoteIps: 1, connections: 1 });
    turnSocketRows(table, [
      ...rows('127.0.0.1', 9),
      ...rows('127.0.0.2', 8),
      ...rows('192.0.2.1', 2),
      ...rows('192.0.2.2', 1),
    ]);
    const filters = createFilters({
      remoteIp: { exclude: [{ network: parseAddress('127.0.0.0')!, prefix: 8 }] },
      isDropped: false,
    });
    const { remoteIps, connections } = count({ ...INPUT, filters });
    const shown = (cells: readonly { remoteIp: string; sockets: number }[]) =>
      cells.map((cell) => [cell.remoteIp, cell.sockets]);
    for (const breakdown of [remoteIps!, connections!]) {
      assert.deepEqual(shown(breakdown.cells), [
        ['192.0.2.1', 2],
        ['other', 1],
        ['filtered', 17],
      ]);
      assert.equal(breakdown.folded, 1);
    }
  });

  it('look at whole addresses where peers are counted by network, behind any interface', () => {
    const table = new SocketTable();
    const count = createCounting(table, { ...UNLIMITED, remotePrefixV4: 24, remotePrefixV6: 64 });
    const to = (peer: string): SocketRow => ({
      state: 'established',
      local: ['10.0.0.9', 100],
      remote: [peer, 80],
      owner: 1,
    });
    turnSocketRows(table, [to('192.0.2.1'), to('192.0.2.2'), to('2001:db8::1'), to('2001:db8::2')]);
    const network = (address: string, prefix: number) => ({ network: parseAddress(address)!, prefix });
    const filters = createFilters({
      remoteIp: { exclude: [network('192.0.2.1', 32), network('2001:db8::2', 128)] },
      isDropped: false,
    });
    const cells = count({ ...INPUT, filters }).remoteIps!.cells.map((cell) => [cell.remoteIp, cell.sockets]);
    assert.deepEqual(cells.sort(), [
      ['192.0.2.0/24', 1],
      ['2001:db8::/64', 1],
      ['filtered', 2],
    ]);
  });
});

function countBoth(scrapes: readonly (readonly SocketRow[])[], rules: FilterRules, limits: TallyLimits) {
  const tables = [new SocketTable(), new SocketTable()] as const;
  const [countPlain, countFiltered] = [createCounting(tables[0], limits), createCounting(tables[1], limits)];
  const filters = createFilters(rules);
  return scrapes.map((rows) => {
    for (const table of tables) turnSocketRows(table, rows);
    return { plain: countPlain(INPUT), filtered: countFiltered({ ...INPUT, filters }) };
  });
}

type Cells = Breakdown<{ readonly state: number; readonly sockets: number }>;

function assertFiltered(name: string, plain: SocketCounts, filtered: SocketCounts, rules: FilterRules): void {
  const [all, shown] = [plain, filtered].map((counts) => counts[name as keyof SocketCounts] as unknown as Cells) as [
    Cells,
    Cells,
  ];
  const isOut = (cell: object) =>
    DECIDES[name]!.some(([rule, label]) => isLeftOut(rules[rule] as Rules, (cell as Record<string, string>)[label]!));
  const isSum = (cell: object) =>
    DECIDES[name]!.every(([, label]) => (cell as Record<string, string>)[label] === 'filtered');
  assert.deepEqual(
    inOrder(shown.cells.filter((cell) => !isSum(cell))),
    inOrder(all.cells.filter((cell) => !isOut(cell))),
    name,
  );
  const sums = rules.isDropped ? (shown.dropped ?? []) : shown.cells.filter(isSum);
  if (rules.isDropped) assert.ok(!shown.cells.some(isSum), name);
  else assert.equal(shown.dropped, undefined);
  for (const state of KNOWN_STATES)
    assert.equal(sumOf(sums, state), sumOf(all.cells.filter(isOut), state), `${name} ${state}`);
}

type Rules = { readonly include?: readonly unknown[]; readonly exclude: readonly unknown[] } | undefined;

function isLeftOut(rules: Rules, label: string): boolean {
  if (rules === undefined || label === '' || label === 'ephemeral' || label === 'own_range') return false;
  const isIn = (list: readonly unknown[]) => list.some((rule) => isMatch(rule, label));
  return (rules.include !== undefined && !isIn(rules.include)) || isIn(rules.exclude);
}

function isMatch(rule: unknown, label: string): boolean {
  if (typeof rule === 'string')
    return new RegExp(`^${rule.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'u').test(label);
  if (typeof rule === 'object' && rule !== null && 'first' in rule) {
    const { first, last } = rule as { first: number; last: number };
    return Number(label) >= first && Number(label) <= last;
  }
  const { network, prefix } = rule as { network: readonly number[]; prefix: number };
  const isV4 = network[2] !== 0;
  return isV4 === !label.includes(':') && bitsOf(label, isV4).startsWith(bitsOf(network, isV4).slice(0, prefix));
}

/** The bits of an address of its family, as text. */
function bitsOf(address: string | readonly number[], isV4: boolean): string {
  const words = typeof address === 'string' ? parseAddress(address)! : address;
  const bytes = new Uint8Array(Int32Array.from(words).buffer);
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return isV4 ? bits.slice(96) : bits;
}

function sumOf(cells: readonly { readonly state: number; readonly sockets: number }[], state: number): number {
  return cells.filter((cell) => cell.state === state).reduce((sum, { sockets }) => sum + sockets, 0);
}

function inOrder(cells: readonly object[]): string[] {
  return cells.map((cell) => JSON.stringify(cell)).sort();
}
