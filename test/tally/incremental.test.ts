import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CountingInput, createCounting } from '../../src/collector/counting.ts';
import type { EphemeralRules } from '../../src/model/ephemeral-rules.ts';
import { createFilters, type Filters } from '../../src/model/filters.ts';
import { parseAddress } from '../../src/model/ip-address.ts';
import type { TallyLimits } from '../../src/model/limits.ts';
import type { SocketCounts } from '../../src/model/socket-counts.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { addSocketRows, heldPorts, type SocketRow, turnSocketRows } from '../support/tables/socket-rows.ts';
import { UNLIMITED } from '../support/tables/unlimited.ts';

const BY_NETWORK: TallyLimits = { ...UNLIMITED, remotePrefixV4: 24, remotePrefixV6: 64 };

/** Of each family. Networks in use at most: these, and that of a socket without a peer. */
const PEER_NETWORKS = 3;
const MOST_NETWORKS = 2 * (PEER_NETWORKS + 1);

/** Few of everything, so that rows share cells; ports 1 to 3 may have listeners, 98 to 104 are ephemeral at times. */
const anyPort = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 98, max: 106 }));
const anyAddress = fc.constantFrom('10.0.0.9', '10.0.0.10', '127.0.0.1', 'fd00::9', '::1');
const anyRow: fc.Arbitrary<SocketRow> = fc
  .record({
    state: fc.constantFrom<SocketRow['state']>('established', 'timeWait', 'closeWait', 'listen', 'bound', 'finWait2'),
    local: fc.tuple(anyAddress, anyPort),
    peer: fc.integer({ min: 1, max: PEER_NETWORKS }),
    port: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 98, max: 106 })),
    owner: fc.integer({ min: 0, max: 9 }),
    process: fc.constantFrom('nginx', 'java', 'other'),
    timestamps: fc.boolean(),
  })
  .map(({ state, local, peer, port, owner, process, timestamps }) => {
    const group = (owner + local[1]) % 4; // a socket stays in the group it was made in
    const hasPeer = state !== 'listen' && state !== 'bound';
    const peerAddress = local[0].includes(':') ? `2001:db8:0:${peer}::${port}` : `192.0.${peer}.${port}`;
    const isOwned = state !== 'timeWait' && owner !== 0;
    return {
      state,
      local,
      ...(hasPeer && { remote: [peerAddress, port] as const }),
      ...(isOwned && { owner, process }),
      ...(state === 'timeWait' && { timestamps }),
      ...(group !== 0 && state !== 'timeWait' && { group }),
      ...(state === 'listen' && { queue: [peer, 10] as const }),
    };
  });

const anyRules = fc.constantFrom<EphemeralRules | undefined>(
  undefined,
  rules(98, 102, 'never'),
  rules(98, 104, 'loopback'),
  rules(100, 104, 'always'),
);

/** Some values of each label, and none. */
const anyFilters = fc.constantFrom<Filters | undefined>(
  undefined,
  createFilters({
    remoteIp: { exclude: [{ network: parseAddress('192.0.2.0')!, prefix: 24 }] },
    process: { exclude: ["*'"] },
    isDropped: false,
  }),
  createFilters({
    localPort: { include: [{ first: 2, last: 3 }], exclude: [] },
    remotePort: { exclude: [{ first: 100, last: 104 }] },
    unit: { exclude: ['unit-1'] },
    isDropped: true,
  }),
);

/** What happens until the next scrape. */
interface Step {
  readonly come: readonly SocketRow[];
  /** Of how many rows one leaves, of how many one is given to another process, of how many one changes its state. */
  readonly leave: number;
  readonly hand: number;
  readonly turn: number;
  readonly rules: EphemeralRules | undefined;
  readonly filters?: Filters | undefined;
  readonly ageMs: number;
  /** Ports held against every connect(), and whether TIME_WAIT rows tell of timestamps: undefined where the source does not say. */
  readonly known: readonly number[] | undefined;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  come: fc.array(anyRow, { maxLength: 30 }),
  leave: fc.integer({ min: 1, max: 9 }),
  hand: fc.integer({ min: 2, max: 40 }),
  turn: fc.integer({ min: 2, max: 40 }),
  rules: anyRules,
  filters: anyFilters,
  ageMs: fc.integer({ min: 0, max: 60_000 }),
  known: fc.option(fc.array(anyPort, { maxLength: 6 }), { nil: undefined, freq: 4 }),
});

describe('counts that are kept from scrape to scrape', () => {
  for (const [name, limits] of Object.entries({ 'each peer': UNLIMITED, 'peers by network': BY_NETWORK })) {
    it(`are those of a table that is counted as a whole: ${name}`, () => {
      fc.assert(
        fc.property(fc.array(anyStep, { minLength: 2, maxLength: 12 }), (steps) => {
          const table = new SocketTable();
          const tally = createCounting(table, limits);
          const countAfresh = createFreshCounts(limits);
          let rows: readonly SocketRow[] = [];
          for (const step of steps) {
            rows = next(rows, step);
            tell(turnSocketRows(table, rows), step);
            assert.deepEqual(inAnyOrder(tally(inputOf(step))), inAnyOrder(countAfresh(rows, step)));
            assertNothingLeft(table, rows.length);
          }
        }),
        { numRuns: 300 },
      );
    });
  }

  it('are counted anew after most rows have left', () => {
    const table = new SocketTable();
    const tally = createCounting(table, UNLIMITED);
    const flood = Array.from({ length: 20_000 }, (_, index): SocketRow => {
      return {
        state: 'timeWait',
        local: ['10.0.0.9', 1 + (index % 60_000)],
        remote: [`10.1.${index >> 8}.${index & 255}`, 80],
      };
    });
    const step = { rules: rules(98, 102, 'never'), ageMs: 0, known: undefined };
    const countAfresh = createFreshCounts(UNLIMITED);
    for (const rows of [flood, flood.slice(0, 5000), flood.slice(4000, 4100), flood]) {
      turnSocketRows(table, rows);
      assert.deepEqual(inAnyOrder(tally(inputOf(step))), inAnyOrder(countAfresh(rows, step)));
    }
  });

  it('touch nothing but what has changed', () => {
    const table = new SocketTable();
    const tally = createCounting(table, UNLIMITED);
    const rows = Array.from({ length: 1000 }, (_, index): SocketRow => {
      return {
        state: 'established',
        local: ['10.0.0.9', 99],
        remote: ['192.0.2.1', 1 + index],
        owner: 1 + index,
        process: 'java',
      };
    });
    const step = { rules: rules(98, 102, 'loopback'), ageMs: 0 };
    const changesOf = (next: readonly SocketRow[]) => {
      turnSocketRows(table, next);
      const { removedLength, added, isFullRecount } = table.changes;
      tally(inputOf(step));
      return [isFullRecount, removedLength, added.length];
    };
    assert.equal(changesOf(rows)[0], true);
    assert.deepEqual(changesOf(rows), [false, 0, 0]);
    assert.deepEqual(changesOf([...rows.slice(0, 500), ...rows.slice(501)]), [false, 1, 0]);
    assert.deepEqual(changesOf(rows), [false, 0, 1]);
    assert.deepEqual(changesOf(rows.map((row, index) => (index === 7 ? { ...row, process: 'nginx' } : row))), [
      false,
      1,
      1,
    ]);
  });
});

function rules(first: number, last: number, scope: 'never' | 'loopback' | 'always'): EphemeralRules {
  const range = { first, last, excluded: [{ first: last - 1, last: last - 1 }] };
  return {
    ranges: { ipv4: range, ipv6: range },
    heldAgainst: 'destination',
    timeWaitReuse: { scope, afterMs: 1000 },
    timeWaitMs: 60_000,
  };
}

function next(rows: readonly SocketRow[], { come, leave, hand, turn, ageMs }: Step): readonly SocketRow[] {
  const stayed = rows.filter((_, index) => index % leave !== 0 || leave === 1);
  const changed = stayed.map((row, index): SocketRow => {
    if (row.state === 'timeWait') return { ...row, milliseconds: ageMs };
    const handed = row.process !== undefined && index % hand === 0 ? { process: `${row.process}'` } : {};
    return row.state === 'established' && index % turn === 0
      ? { ...row, ...handed, state: 'closeWait' }
      : { ...row, ...handed };
  });
  const middle = Math.floor(changed.length / 2);
  return [...changed.slice(0, middle), ...come, ...changed.slice(middle)];
}

function inputOf({ rules: ephemeral, filters, ageMs }: Pick<Step, 'rules' | 'filters' | 'ageMs'>): CountingInput {
  return {
    rules: ephemeral,
    filters,
    hasOwners: true,
    nameOfGroup: (id) => (id === 3n ? undefined : `unit-${Number(id) + (ageMs % 2)}`),
    closeWait: undefined,
    listenerDrops: undefined,
    processFds: undefined,
    unsupportedStates: [],
  };
}

function tell(table: SocketTable, { known }: Pick<Step, 'known'>): void {
  table.knowsTimestamps = known !== undefined;
  table.heldPorts = known === undefined ? undefined : heldPorts(known);
}

/** Counts every table as a whole. What a tally remembers of the ones before, such as which ports served, it remembers too. */
function createFreshCounts(limits: TallyLimits) {
  const table = new SocketTable();
  const tally = createCounting(table, limits);
  return (rows: readonly SocketRow[], step: Pick<Step, 'rules' | 'filters' | 'ageMs' | 'known'>): SocketCounts => {
    table.reset();
    tell(addSocketRows(table, rows), step);
    return tally(inputOf(step));
  };
}

/** Which of two equal cells stands first depends on the scrape before. */
function inAnyOrder(counts: SocketCounts): unknown {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, key === 'states' ? member : sorted(member)]),
    );
  };
  return sorted(counts);
}

/** No address is held for rows that left. Networks are held for good, and there are few. */
function assertNothingLeft(table: SocketTable, rows: number): void {
  const ids = new Set<number>();
  for (let row = 0; row < rows; row++) {
    const { localAddress, remoteAddress } = table.rowAt(row);
    ids.add(localAddress).add(remoteAddress);
  }
  const networks = [...ids].map((id) => table.addresses.networkOf(id)).filter((id) => id >= 0);
  const expected = new Set([...ids, ...networks]).size;
  assert.ok(table.addresses.used >= expected && table.addresses.used <= expected + MOST_NETWORKS, 'addresses in use');
}
