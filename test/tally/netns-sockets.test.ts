import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createNamespaceCounting } from '../../src/collector/counting-namespaces.ts';
import type { EphemeralRules } from '../../src/model/ephemeral-rules.ts';
import { createFilters, type Filters } from '../../src/model/filters.ts';
import { DEFAULT_LIMITS, type TallyLimits } from '../../src/model/limits.ts';
import type { CgroupPlace, NetnsCounts } from '../../src/model/netns.ts';
import type { NetnsOwner, NetnsSocketsCell } from '../../src/model/netns-sockets.ts';
import { STATE_SLOTS, TcpState } from '../../src/model/tcp-state.ts';
import { OtherNamespaces } from '../../src/table/other-namespaces.ts';
import { Family, packPorts, packUse, Reason } from '../../src/table/socket-row.ts';
import { foldStates } from '../../src/tally/fold-states.ts';

const [ONE, TWO, NAMELESS] = [4026532001, 4026532002, 4026532003];
const RANGE = { first: 40_000, last: 40_009, excluded: [] };
const RULES: EphemeralRules = {
  ranges: { ipv4: RANGE, ipv6: RANGE },
  heldAgainst: 'destination',
  timeWaitReuse: { scope: 'never', afterMs: 1000 },
  timeWaitMs: 60_000,
};
const { established, timeWait, closeWait, listen, synSent } = TcpState;

describe('sockets of other network namespaces', () => {
  it('are counted by namespace and state; those of a namespace without a name are in other', () => {
    const host = new Host();
    host.add(ONE, established, 40_000, 5432);
    host.add(ONE, timeWait, 40_001, 5432);
    host.add(TWO, established, 40_000, 443);
    host.add(NAMELESS, listen, 80, 0);
    const cells = host.count([ONE, TWO]).cells;
    assert.deepEqual(cells.map(named), [
      [String(ONE), { 1: 1, 6: 1 }],
      [String(TWO), { 1: 1 }],
      ['other', { 10: 1 }],
    ]);
  });

  it('a state stays at zero once it was there, until its namespace ends', () => {
    const host = new Host();
    host.add(ONE, synSent, 40_000, 443);
    host.count([ONE]);
    host.clear();
    assert.deepEqual(host.count([ONE]).cells.map(named), [[String(ONE), { 2: 0 }]]);
    host.count([]);
    assert.deepEqual(host.count([ONE]).cells.map(named), [[String(ONE), {}]]);
  });

  it('the ratio is that of the busiest destination, with what is held against everybody', () => {
    const host = new Host();
    for (const port of [40_000, 40_001, 40_002]) host.add(ONE, established, port, 5432);
    host.add(ONE, established, 40_003, 443);
    host.add(ONE, listen, 40_004, 0);
    host.others.byNumber.get(ONE)!.held.push(40_004, 40_005);
    for (const port of [40_000, 40_001]) host.add(TWO, established, port, 5432);
    const [one, two] = host.count([ONE, TWO]).cells as [NetnsSocketsCell, NetnsSocketsCell];
    assert.deepEqual(one.ephemeral, { ports: 10, used: 5, ipv4: 0.5 });
    assert.deepEqual(two.ephemeral, { ports: 10, used: 2, ipv4: 0.2 });
  });

  it('the destination that has the ports is among the busiest, beside larger ones of ports outside the range', () => {
    const host = new Host({ ...DEFAULT_LIMITS, destinations: 2 });
    for (let port = 40_000; port < 40_006; port++) host.add(ONE, established, port, 5432);
    for (let port = 50_000; port < 50_090; port++)
      for (const service of [7000, 7001]) host.add(ONE, established, port, service);
    for (let port = 40_000; port < 40_005; port++) host.add(TWO, established, port, 443);
    const { cells, destinations } = host.count([ONE, TWO]);
    assert.equal(cells[0]!.ephemeral!.ipv4, 0.6);
    assert.deepEqual(
      destinations.cells.map(({ netns, remotePort, portsUsed, portsOutside }) => [
        netns,
        remotePort,
        portsUsed,
        portsOutside,
      ]),
      [
        [String(ONE), 7000, 90, 90],
        [String(ONE), 5432, 6, 0],
      ],
    );
  });

  it('what comes to a listening port uses no port towards a destination', () => {
    const host = new Host();
    host.add(ONE, listen, 40_004, 0);
    for (const remote of [50_000, 50_001]) host.add(ONE, established, 40_004, remote);
    const { cells, connections, destinations } = host.count([ONE]);
    assert.equal(cells[0]!.ephemeral!.ipv4, 0.1);
    assert.deepEqual(destinations.cells, []);
    assert.deepEqual(
      connections.cells.map(({ netns, direction, localPort, sockets }) => [netns, direction, localPort, sockets]),
      [[String(ONE), 'inbound', '40004', 2]],
    );
  });

  it('filters leave connections of a process, a unit or a port out of their breakdown, and nothing else', () => {
    const count = (filters?: Filters) => {
      const host = new Host();
      host.add(ONE, established, 40_000, 5432, { cgroup: 71, process: 'nginx' });
      host.add(ONE, timeWait, 40_001, 443, { cgroup: 71, process: 'nginx' });
      host.add(ONE, established, 40_002, 5432, { cgroup: 71, process: 'job' });
      host.add(TWO, established, 40_000, 5432, { process: 'job' });
      host.add(NAMELESS, established, 40_000, 443);
      return host.count([ONE, TWO], 0, filters);
    };
    const all = count();
    for (const isDropped of [false, true]) {
      const filters = createFilters({
        process: { exclude: ['jo?'] },
        remotePort: { exclude: [{ first: 443, last: 443 }] },
        unit: { include: ['no.service'], exclude: [] }, // what is in a container has no unit
        isDropped,
      });
      const { connections, ...rest } = count(filters);
      const shown = connections.cells.map(({ netns, process, remotePort, state, sockets }) => {
        return [netns, process, remotePort, state, sockets];
      });
      const kept = [String(ONE), 'nginx', '5432', established, 1];
      const sums = [
        ['filtered', 'filtered', 'filtered', established, 3],
        ['filtered', 'filtered', 'filtered', timeWait, 1],
      ];
      assert.deepEqual(shown, isDropped ? [kept] : [kept, ...sums]);
      const dropped = [
        { state: established, sockets: 3 },
        { state: timeWait, sockets: 1 },
      ];
      assert.deepEqual(connections.dropped, isDropped ? dropped : undefined);
      const { connections: _, ...before } = all;
      assert.deepEqual(rest, before);
    }
  });

  it('the fullest queue of each, and the oldest CLOSE_WAIT with those past the limit', () => {
    const host = new Host();
    host.listen(ONE, 80, 1, 128);
    host.listen(ONE, 81, 5, 4);
    host.listen(TWO, 80, 3, 128);
    host.add(ONE, closeWait, 40_001, 5432, { owner: 7, ms: 61_000 });
    host.add(ONE, closeWait, 40_002, 5432, { owner: 8, ms: 5000 });
    host.add(ONE, closeWait, 40_003, 5432, { owner: 0, ms: 90_000 });
    const { cells, listeners, closeWait: waiting } = host.count([ONE, TWO]);
    const { localPort, queueLength, queueLimit } = cells[0]!.fullestQueue!;
    assert.deepEqual([localPort, queueLength, queueLimit], [81, 5, 4]);
    assert.equal(cells[1]!.fullestQueue!.queueLength, 3);
    assert.deepEqual(
      waiting.cells.map(({ netns, oldestSeconds, unclosed, unaccepted }) => [
        netns,
        oldestSeconds,
        unclosed,
        unaccepted,
      ]),
      [[String(ONE), 90, 1, 1]],
    );
    assert.deepEqual(
      listeners.cells.map(({ netns, localPort }) => [netns, localPort]),
      [
        [String(ONE), 81],
        [String(TWO), 80],
        [String(ONE), 80],
      ],
    );
  });

  it('each has the container and process of its socket, or of the listener that it came through', () => {
    const host = new Host();
    const [web, job] = [{ cgroup: 71, process: 'nginx' } as const, { cgroup: 72, process: 'job' } as const];
    host.listen(ONE, 80, 1, 128, web);
    host.add(ONE, closeWait, 80, 50_000, { owner: 0 });
    host.add(ONE, closeWait, 80, 50_001, { ...web });
    host.add(ONE, closeWait, 40_000, 5432, { ...job });
    host.add(ONE, timeWait, 40_001, 5432, { owner: 0 });
    host.listen(TWO, 80, 0, 128, { cgroup: 73, process: 'sshd' });
    host.add(TWO, timeWait, 40_000, 443, { owner: 0 });
    const { cells, connections, closeWait: waiting, listeners } = host.count([ONE, TWO]);
    const text = ({ netns, container, unit, process }: NetnsOwner) =>
      [names[netns], container, unit, process].join(' ');
    const names: Record<string, string> = { [ONE]: 'one', [TWO]: 'two' };
    assert.deepEqual(
      connections.cells.map((cell) => `${text(cell)} ${cell.state} ${cell.sockets}`),
      ['one web-71  nginx 8 2', 'two only  unknown 6 1', 'one   unknown 6 1', 'one job-72  job 8 1'],
    );
    assert.deepEqual(waiting.cells.map(text).sort(), ['one job-72  job', 'one web-71  nginx']);
    assert.deepEqual(listeners.cells.map(text), ['one web-71  nginx', 'two  sshd.service sshd']);
    const { container, process } = cells[0]!.fullestQueue!;
    assert.deepEqual([container, process], ['web-71', 'nginx']);
  });

  it('a destination has the process of all its sockets whose process is known, none if several share it', () => {
    const host = new Host();
    host.add(ONE, established, 40_000, 5432, { cgroup: 71, process: 'node' });
    host.add(ONE, timeWait, 40_001, 5432, { owner: 0 });
    host.add(ONE, established, 40_002, 443, { cgroup: 71, process: 'node' });
    host.add(ONE, established, 40_003, 443, { cgroup: 71, process: 'curl' });
    host.add(ONE, timeWait, 40_004, 80, { owner: 0 });
    const { cells } = host.count([ONE]).destinations;
    assert.deepEqual(
      cells.map(({ remotePort, portsUsed, container, process }) => [remotePort, portsUsed, container, process]).sort(),
      [
        [443, 2, 'web-71', ''],
        [5432, 2, 'web-71', 'node'],
        [80, 1, '', 'unknown'],
      ],
    );
  });

  it('a range that a program set for its sockets is counted in its namespace, as long as they may be in TIME_WAIT', () => {
    const host = new Host();
    const setRange = () => host.others.byNumber.get(ONE)!.portRanges.add(40_001 | (40_004 << 16));
    setRange();
    for (const port of [40_001, 40_002, 40_005]) host.add(ONE, established, port, 5432);
    for (const port of [40_001, 40_002, 40_003]) host.add(TWO, established, port, 5432);
    const ranges = (nowMs: number) =>
      host
        .count([ONE, TWO], nowMs)
        .socketRanges.cells.map(({ netns, first, last, ports, utilization }) => [
          netns,
          first,
          last,
          ports,
          utilization,
        ]);
    const expected = [[String(ONE), 40_001, 40_004, 4, 0.5]];
    assert.deepEqual(ranges(0), expected);
    host.others.byNumber.get(ONE)!.portRanges.clear();
    assert.deepEqual(ranges(60_000), expected);
    assert.deepEqual(ranges(60_001), []);
    setRange();
    assert.deepEqual(ranges(70_000), expected);
  });

  it('CLOSE_WAIT beyond the limit, and in namespaces without a name, is in other', () => {
    const host = new Host({ ...DEFAULT_LIMITS, processes: 1 });
    host.add(ONE, closeWait, 40_001, 5432, { process: 'a', ms: 61_000 });
    host.add(ONE, closeWait, 40_002, 5432, { process: 'a', ms: 62_000 });
    host.add(ONE, closeWait, 40_003, 5432, { process: 'b', ms: 63_000 });
    host.add(NAMELESS, closeWait, 40_001, 5432, { process: 'c', owner: 0, ms: 64_000 });
    const { cells, folded } = host.count([ONE]).closeWait;
    assert.deepEqual(
      cells.map(({ netns, process, oldestSeconds, unclosed, unaccepted }) => [
        ...[netns, process, oldestSeconds],
        ...[unclosed, unaccepted],
      ]),
      [
        [String(ONE), 'a', 62, 2, 0],
        ['other', 'other', 64, 1, 1],
      ],
    );
    assert.equal(folded, 2);
  });

  it('of bound sockets that could not be read the state is missing', () => {
    const host = new Host();
    host.add(ONE, TcpState.bound, 80, 0);
    assert.deepEqual(named(host.count([ONE]).cells[0]!), [String(ONE), { 13: 1 }]);
    host.others.hasBound = false;
    assert.deepEqual(named(host.count([ONE]).cells[0]!), [String(ONE), {}]);
  });

  it('numbers beyond the limit are in other: the sums by state stay what they are', () => {
    const counts = fc.array(fc.option(fc.nat(5), { nil: undefined }), {
      minLength: STATE_SLOTS,
      maxLength: STATE_SLOTS,
    });
    fc.assert(
      fc.property(fc.array(counts, { maxLength: 8 }), fc.nat(40), (all, most) => {
        const cells = all.map((states, index) => ({ netns: String(index), namespace: '', pod: '', states }));
        const { cells: kept, taken } = foldStates(cells, most);
        assert.ok(kept.flatMap(({ states }) => states).filter((sockets) => sockets !== undefined).length <= most);
        for (let state = 0; state < STATE_SLOTS; state++) {
          const sum = (of: readonly NetnsSocketsCell[]) =>
            of.reduce((rest, { states }) => rest + (states[state] ?? 0), 0);
          assert.equal(sum(kept) + (taken[state] ?? 0), sum(cells));
        }
      }),
    );
  });
});

interface Made {
  readonly owner?: number;
  readonly ms?: number;
  readonly cgroup?: number;
  readonly process?: string;
}

/** Two containers, and a unit. */
function placeOf(cgroup: bigint): CgroupPlace | undefined {
  if (cgroup === 73n) return { container: '', unit: 'sshd.service' };
  return { container: `${cgroup === 71n ? 'web' : 'job'}-${cgroup}`, unit: '' };
}

/** Other namespaces with rows made by hand. */
class Host {
  readonly others = new OtherNamespaces();
  readonly #count: ReturnType<typeof createNamespaceCounting>;

  constructor(limits: TallyLimits = DEFAULT_LIMITS) {
    this.#count = createNamespaceCounting(limits, placeOf);
    this.clear();
  }

  clear(): void {
    this.others.reset();
    this.others.hasBound = true;
    for (const inum of [ONE, TWO, NAMELESS])
      this.others.byNumber.set(inum, { rules: RULES, held: [], portRanges: new Set() });
  }

  add(
    inum: number,
    state: number,
    localPort: number,
    remotePort: number,
    { owner = 1, ms = 0, cgroup = 0, process }: Made = {},
  ): number {
    const { table } = this.others;
    const [local, remote] = [table.addresses.internIpv4(1), table.addresses.internIpv4(remotePort === 0 ? 0 : 2)];
    const use = packUse(state, Family.v4, table.groups.intern(inum, 0));
    const row = table.append(packPorts(localPort, remotePort), 2, owner, local, remote, use, ms);
    if (cgroup !== 0) this.others.noteCgroup(row, cgroup, 0);
    if (process !== undefined) table.setOwner(row, table.processNames.intern(process), Reason.none);
    return row;
  }

  listen(inum: number, port: number, length: number, limit: number, made: Made = {}): void {
    this.others.table.listenQueues.push({ row: this.add(inum, listen, port, 0, made), length, limit });
  }

  count(inums: readonly number[], nowMs = 0, filters?: Filters) {
    return this.#count(this.others, namedByNumber(inums), nowMs, filters);
  }
}

function namedByNumber(inums: readonly number[]): NetnsCounts {
  const nobody = { namespace: '', pod: '', podUid: '', container: '', containerId: '' };
  const cells = inums.map((inum) => ({
    ...nobody,
    container: inum === TWO ? 'only' : '',
    netns: String(inum),
    inum,
    numbers: { inUse: 0, timeWait: 0 },
  }));
  return { cells, folded: 0, failed: 0, withoutProcess: [], withoutProcessCount: 0 };
}

function named({ netns, states }: NetnsSocketsCell): [string, Record<number, number>] {
  const shown = states.flatMap((sockets, state) => (sockets === undefined ? [] : [[state, sockets] as const]));
  return [netns, Object.fromEntries(shown)];
}
