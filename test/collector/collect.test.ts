import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCollection } from '../../src/collector/collect.ts';
import type { CollectedPart } from '../../src/collector/protocol.ts';
import type { CollectorName } from '../../src/model/collectors.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { TcpState } from '../../src/model/tcp-state.ts';
import type {
  FactCollector,
  OwnerResolver,
  Platform,
  ScrapeBudget,
  SocketReader,
} from '../../src/platform/platform.ts';
import { Reason } from '../../src/table/socket-row.ts';
import type { SocketTable } from '../../src/table/socket-table.ts';
import { fakePlatform, fakeReader } from '../support/fakes/fake-platform.ts';
import { addSocketRows, type SocketRow } from '../support/tables/socket-rows.ts';

const LISTENER: SocketRow = { state: 'listen', local: ['0.0.0.0', 80], owner: 7, queue: [0, 10] };
const CLOSE_WAIT: SocketRow = {
  state: 'closeWait',
  local: ['10.0.0.1', 80],
  remote: ['10.0.0.2', 5],
  owner: 8,
  milliseconds: 90_000,
};
const RANGE = { first: 40_000, last: 40_009, excluded: [] };
const RULES: FactCollector = {
  name: 'ephemeral_ports',
  source: 'fake',
  collect: () => ({
    ephemeral: {
      ranges: { ipv4: RANGE },
      heldAgainst: 'destination',
      timeWaitReuse: { scope: 'never', afterMs: 0 },
      timeWaitMs: 60_000,
    },
  }),
};
const COUNTERS: FactCollector = { name: 'counters', source: 'fake', collect: () => ({ counters: { activeOpens: 5 } }) };

/** A host whose listeners have dropped so many connections. */
const dropping = (listenDrops: number): FactCollector => ({
  ...COUNTERS,
  collect: () => ({ counters: { listenDrops } }),
});

const OWNERS: OwnerResolver = {
  source: 'fake',
  resolve(table) {
    for (let row = 0; row < table.length; row++) {
      if (table.rowAt(row).owner !== 0) table.setOwner(row, table.processNames.intern('nginx'), Reason.none);
    }
  },
  recall(table) {
    OWNERS.resolve(table, { deadlineMs: 0, now: () => 0 });
  },
  readFds: () => [{ process: 'nginx', open: 5, limit: 10 }],
};

function collect(platform: Partial<Platform>, ...collectors: CollectorName[]) {
  const parts: CollectedPart[] = [];
  let clock = 0;
  const run = createCollection(fakePlatform(platform), DEFAULT_LIMITS, () => clock++);
  run({ collectors, deadlineMs: 1000 }, (part) => parts.push(part));
  const outcomes = Object.fromEntries(
    parts.flatMap((part) => part.outcomes).map((outcome) => [outcome.collector, outcome]),
  );
  return { parts, outcomes, sockets: parts.find((part) => part.sockets)?.sockets };
}

describe('createCollection', () => {
  it('asks listeners for what they dropped, unless there are none, or too many', () => {
    let reads = 0;
    const listenerDrops: Platform['listenerDrops'] = {
      source: 'fake',
      read(table) {
        reads++;
        addSocketRows(table, [LISTENER]);
        table.listenDrops.push({ row: 0, drops: 6 });
      },
    };
    const dropsOf = (rows: readonly SocketRow[]) =>
      collect({ facts: [dropping(6)], sockets: fakeReader(rows), listenerDrops }, 'sockets').sockets!.listenerDrops
        ?.cells;
    assert.deepEqual(dropsOf([LISTENER]), [{ localIp: '0.0.0.0', localPort: 80, process: 'unknown', drops: 0 }]);
    assert.deepEqual([dropsOf([CLOSE_WAIT]), reads], [[], 1]);
    assert.deepEqual([dropsOf(Array<SocketRow>(10_001).fill(LISTENER)), reads], [undefined, 1]);
  });

  it('does not ask listeners for what the source of the sockets has told', () => {
    const sockets: Platform['sockets'] = {
      source: 'fake',
      read(table) {
        addSocketRows(table, [{ ...LISTENER, owner: 7 }]);
        table.listenDrops.push({ row: 0, drops: 9 });
      },
    };
    const listenerDrops = fakeReader(new Error('asked'));
    const { sockets: counts, outcomes } = collect({ facts: [dropping(9)], sockets, listenerDrops }, 'sockets');
    assert.deepEqual([counts!.listenerDrops!.cells[0]!.drops, outcomes.sockets!.success], [0, true]);
  });

  it('keeps its sockets when what listeners dropped cannot be read, and says so', () => {
    const failing = fakeReader(new Error('ENOBUFS'));
    const { sockets, outcomes } = collect({ sockets: fakeReader([LISTENER]), listenerDrops: failing }, 'sockets');
    assert.equal(sockets!.states!.ipv4[TcpState.listen], 1);
    assert.deepEqual([sockets!.listenerDrops, outcomes.sockets!.success], [undefined, false]);
  });

  it('sends each fact as a part of its own, before the sockets', () => {
    const { parts } = collect(
      { facts: [RULES, COUNTERS], sockets: fakeReader([LISTENER]) },
      'counters',
      'sockets',
      'ephemeral_ports',
    );
    assert.deepEqual(
      parts.map(({ outcomes }) => outcomes.map(({ collector }) => collector)),
      [['ephemeral_ports'], ['counters'], ['sockets']],
    );
    assert.deepEqual(parts[1]!.facts, { counters: { activeOpens: 5 } });
    assert.equal(parts[2]!.sockets!.ephemeral!.families[0]!.ports, 10);
  });

  it('counts by what the kernel took over though the counters are not asked for', () => {
    let reads = 0;
    const counters: FactCollector = {
      ...COUNTERS,
      collect() {
        reads++;
        return { counters: { timeWaitReused: 3 } };
      },
    };
    const { parts } = collect({ facts: [RULES, counters], sockets: fakeReader([LISTENER]) }, 'sockets');
    assert.deepEqual([reads, parts.length, parts[0]!.facts], [1, 1, undefined]);
  });

  it('knows who dialled when one scrape asks for owners and the next does not', () => {
    const dialling: SocketRow = { state: 'synSent', local: ['10.0.0.1', 80], remote: ['10.0.0.3', 9000], owner: 9 };
    let rows = [LISTENER, dialling];
    const sockets = { source: 'fake', read: (table: SocketTable) => void addSocketRows(table, rows) };
    const run = createCollection(fakePlatform({ sockets, owners: OWNERS }), DEFAULT_LIMITS, () => 0);
    const directionsOf = (...collectors: CollectorName[]) => {
      const parts: CollectedPart[] = [];
      run({ collectors, deadlineMs: 1000 }, (part) => parts.push(part));
      return parts.flatMap((part) => part.sockets?.connections?.cells ?? []).map(({ direction }) => direction);
    };
    assert.deepEqual(directionsOf('sockets', 'processes'), ['outbound']);
    rows = [LISTENER, { ...dialling, state: 'established' }];
    assert.deepEqual(directionsOf('sockets'), ['outbound']);
    assert.deepEqual(directionsOf('sockets', 'processes'), ['outbound']);
  });

  it('lets a failing fact cost its own series only, and tells why with all causes', () => {
    const broken: FactCollector = {
      name: 'memory',
      source: 'fake',
      collect() {
        throw new Error('cannot read sockstat', { cause: new Error('EIO') });
      },
    };
    const { outcomes } = collect({ facts: [broken, COUNTERS] }, 'memory', 'counters');
    assert.deepEqual(outcomes, {
      memory: {
        collector: 'memory',
        success: false,
        seconds: 0.001,
        source: 'fake',
        error: 'cannot read sockstat: EIO',
      },
      counters: { collector: 'counters', success: true, seconds: 0.001, source: 'fake' },
    });
  });

  it('fails what needs the table when there is none, and nothing else', () => {
    const { outcomes, sockets } = collect(
      { facts: [RULES], sockets: fakeReader(new Error('EPERM')), owners: OWNERS },
      'sockets',
      'processes',
      'ephemeral_ports',
    );
    assert.equal(sockets, undefined);
    assert.deepEqual([outcomes.sockets!.error, outcomes.processes!.error], ['EPERM', 'EPERM']);
    assert.equal(outcomes.ephemeral_ports!.success, true);
  });

  it('counts on without owners when they cannot be told', () => {
    const failing: OwnerResolver = {
      ...OWNERS,
      resolve: () => {
        throw new Error('no /proc');
      },
    };
    const { outcomes, sockets } = collect(
      { sockets: fakeReader([LISTENER, CLOSE_WAIT]), owners: failing },
      'sockets',
      'processes',
    );
    assert.deepEqual([outcomes.sockets!.success, outcomes.processes!.success], [true, false]);
    assert.deepEqual(Object.keys(sockets!).sort(), ['connections', 'listeners', 'localPorts', 'remoteIps', 'states']);
    assert.equal(sockets!.connections!.cells[0]!.process, 'unknown');
  });

  it('says nothing of collectors that the platform does not have', () => {
    const { outcomes, sockets } = collect(
      { sockets: fakeReader([LISTENER]) },
      'sockets',
      'processes',
      'units',
      'close_wait',
    );
    assert.deepEqual(Object.keys(outcomes), ['sockets']);
    assert.equal(sockets!.units, undefined);
  });

  it('gives each collector its own counts', () => {
    const platform = {
      facts: [RULES],
      sockets: fakeReader([LISTENER, CLOSE_WAIT]),
      owners: OWNERS,
      closeWait: fakeReader([LISTENER, CLOSE_WAIT]),
      units: { source: 'fake', nameOf: () => 'nginx.service' },
    };
    const keys = (name: CollectorName) => Object.keys(collect(platform, name).sockets!).sort();
    assert.deepEqual(keys('processes'), ['processFds', 'processes', 'unattributed']);
    assert.deepEqual(keys('units'), ['units']);
    assert.deepEqual(keys('close_wait'), ['closeWait']);
    assert.deepEqual(keys('ephemeral_ports'), ['ephemeral']);
    assert.deepEqual(collect({ ...platform, facts: [RULES, COUNTERS] }, 'counters').sockets, undefined);
    const { sockets, outcomes } = collect(platform, 'sockets');
    assert.deepEqual(Object.keys(outcomes), ['sockets']);
    assert.deepEqual(
      sockets!.localPorts!.cells.map(({ localPort }) => localPort),
      ['80', '80'],
      'the range folds ports even when nobody asked for it',
    );
  });

  it('searches the processes of other namespaces only when one of these has a socket', () => {
    const searched: number[] = [];
    const netns: NonNullable<Platform['netns']> = {
      source: 'fake',
      read: () => ({ read: [], failed: 0, withoutProcess: [] }),
      placeOf: () => undefined,
      owners: { ...OWNERS, resolve: ({ length }) => searched.push(length) },
    };
    const collectWith = (...rows: SocketRow[]) => {
      const sockets: Platform['sockets'] = {
        source: 'fake',
        read(table, _, others) {
          addSocketRows(table, [LISTENER]);
          others!.isKnown = true;
          addSocketRows(others!.table, rows);
        },
      };
      return collect({ sockets, owners: OWNERS, netns }, 'sockets', 'processes', 'netns').outcomes.netns!.success;
    };
    assert.deepEqual([collectWith(), searched], [true, []]);
    assert.deepEqual([collectWith(LISTENER, CLOSE_WAIT), searched], [true, [2]]);
  });

  it('spares the second read when no socket is in CLOSE_WAIT', () => {
    let reads = 0;
    const closeWait = {
      source: 'fake',
      read: () => {
        reads++;
      },
    };
    const none = collect({ sockets: fakeReader([LISTENER]), closeWait }, 'close_wait');
    assert.deepEqual(
      [reads, none.sockets!.closeWait, none.outcomes.close_wait!.success],
      [0, { oldest: [], stuck: [], folded: 0 }, true],
    );
    collect({ sockets: fakeReader([LISTENER, CLOSE_WAIT]), closeWait }, 'close_wait');
    assert.equal(reads, 1);
  });

  it('takes the ages from the sockets where their source tells them, and says whose they are', () => {
    const rows = [LISTENER, CLOSE_WAIT, { ...CLOSE_WAIT, owner: 0 }];
    const sockets: Platform['sockets'] = {
      source: 'telling',
      read(table) {
        addSocketRows(table, rows);
        table.knowsAges = true;
      },
    };
    const { sockets: counts, outcomes } = collect(
      { sockets, owners: OWNERS, closeWait: fakeReader(new Error('asked')) },
      'close_wait',
      'processes',
    );
    assert.deepEqual([outcomes.close_wait!.success, outcomes.close_wait!.source], [true, 'telling']);
    assert.deepEqual(counts!.closeWait!.oldest, [{ process: 'nginx', seconds: 90 }]);
    assert.deepEqual(
      counts!.closeWait!.stuck.map(({ sockets }) => sockets),
      [1, 1],
    );
  });

  it('attributes the CLOSE_WAIT ages like the sockets themselves', () => {
    const { sockets } = collect(
      {
        sockets: fakeReader([LISTENER, CLOSE_WAIT]),
        owners: OWNERS,
        closeWait: fakeReader([LISTENER, CLOSE_WAIT, { ...CLOSE_WAIT, owner: 0 }]),
      },
      'close_wait',
      'processes',
    );
    assert.deepEqual(sockets!.closeWait!.stuck, [
      { process: 'nginx', reason: 'unclosed', sockets: 1 },
      { process: 'nginx', reason: 'unaccepted', sockets: 1 },
    ]);
  });

  it('starts each collection from an empty table', () => {
    const run = createCollection(fakePlatform({ sockets: fakeReader([LISTENER]) }), DEFAULT_LIMITS, () => 0);
    const counts: unknown[] = [];
    for (let scrape = 0; scrape < 3; scrape++) {
      run({ collectors: ['sockets'], deadlineMs: 1 }, ({ sockets }) =>
        counts.push(sockets!.states!.ipv4[TcpState.listen]),
      );
    }
    assert.deepEqual(counts, [1, 1, 1]);
  });

  it('adds the times of the read and of the tallies up', () => {
    const { outcomes } = collect({ sockets: fakeReader([LISTENER]) }, 'sockets');
    assert.equal(outcomes.sockets!.seconds, 0.004); // the clock goes on by 1 ms at each look: two more within
  });

  it('gives memory back after a flood, and now and then besides', () => {
    const flood = Array.from(
      { length: 20_000 },
      (_, port): SocketRow => ({ ...CLOSE_WAIT, local: ['10.0.0.1', port] }),
    );
    let rows: readonly SocketRow[] = [LISTENER];
    const trims: number[] = [];
    let scrape = 0;
    const run = createCollection(
      fakePlatform({
        sockets: { source: 'fake', comparesRows: true, read: (table) => addSocketRows(table, rows).finish() },
        trimMemory: () => trims.push(scrape),
      }),
      DEFAULT_LIMITS,
      () => 0,
    );
    for (scrape = 1; scrape <= 40; scrape++) {
      rows = scrape === 3 ? flood : [LISTENER];
      run({ collectors: ['sockets'], deadlineMs: 1000 }, () => {});
    }
    // the flood is in scrape 3, which needs larger arrays than there were; two small ones are behind it in 6
    assert.deepEqual(trims, [4, 7, 20, 40]);
  });
});

describe('the other network namespaces', () => {
  const reading = {
    ...{ key: 1, netns: 'shop/web', namespace: 'shop', pod: 'web', podUid: '', container: '', containerId: '' },
    inum: undefined,
    numbers: { inUse: 3, timeWait: 1 },
  };

  it('come last, with their source', () => {
    const order: string[] = [];
    const sockets = { ...fakeReader([LISTENER]), read: () => void order.push('sockets') };
    const netns = {
      source: 'procfs',
      read() {
        order.push('netns');
        return { read: [reading], failed: 0, withoutProcess: [] };
      },
    };
    const { parts, outcomes } = collect({ sockets, netns }, 'netns', 'sockets');
    assert.deepEqual(order, ['sockets', 'netns']);
    assert.deepEqual(
      parts.at(-1)!.facts!.netns!.cells.map(({ pod }) => pod),
      ['web'],
    );
    assert.deepEqual([outcomes.netns!.success, outcomes.netns!.source], [true, 'procfs']);
  });

  it('lose only themselves when they fail', () => {
    const netns = {
      source: 'procfs',
      read() {
        throw new Error('EIO');
      },
    };
    const { parts, outcomes, sockets } = collect({ sockets: fakeReader([LISTENER]), netns }, 'netns', 'sockets');
    assert.ok(sockets !== undefined && outcomes.sockets!.success);
    assert.deepEqual([outcomes.netns!.success, outcomes.netns!.error, parts.at(-1)!.facts], [false, 'EIO', undefined]);
  });

  it('have their sockets counted if they and the source tell of them, and not by a read that failed half way', () => {
    const inum = 4026532001;
    const told: boolean[] = [];
    const netnsSockets = (failure?: Error) => {
      const sockets: SocketReader = {
        source: 'fake',
        read(_table, _budget, others) {
          told.push(others !== undefined);
          if (others === undefined) return;
          others.isKnown = true;
          others.byNumber.set(inum, { rules: undefined, held: [], portRanges: new Set() });
          addSocketRows(others.table, [LISTENER]);
          others.table.setGroup(0, others.table.groups.intern(inum, 0));
          if (failure !== undefined) throw failure;
        },
      };
      const netns = {
        source: 'procfs',
        read(_: ScrapeBudget, withSockets?: ReadonlySet<number>) {
          assert.deepEqual([...withSockets!], failure === undefined ? [inum] : []);
          return { read: [{ ...reading, inum }], failed: 0, withoutProcess: [] };
        },
      };
      collect({ sockets }, 'sockets');
      return collect({ sockets, netns }, 'netns', 'sockets').parts.at(-1)!.facts!.netns!.sockets;
    };
    const { cells } = netnsSockets()!;
    assert.deepEqual(
      cells.map(({ pod, states }) => [pod, states[TcpState.listen]]),
      [['web', 1]],
    );
    assert.equal(netnsSockets(new Error('EIO')), undefined);
    assert.deepEqual(told, [false, true, false, true], 'asked for only where the collector is there');
  });

  it('are not read if nobody asks, and absent where the platform has none', () => {
    const netns = { source: 'procfs', read: () => assert.fail('nobody asked') };
    assert.equal(collect({ netns }, 'sockets').outcomes.netns, undefined);
    assert.equal(collect({}, 'netns').outcomes.netns, undefined);
  });
});

describe('connection events', () => {
  const lost = { owners: 0, flows: 0, connections: 0 };
  const read = () => lost;

  it('settle what no process holds before sockets are counted, whether they are asked for or not', () => {
    const order: string[] = [];
    const sockets = { ...fakeReader([LISTENER]), read: () => void order.push('sockets') };
    const events = { source: 'bpf', settle: () => void order.push('settle'), read };
    const { outcomes } = collect({ sockets, events }, 'sockets');
    assert.deepEqual(order, ['sockets', 'settle']);
    assert.equal(outcomes.connection_events, undefined);
  });

  it('are counted after the sockets, with their source', () => {
    const events = { source: 'bpf', settle() {}, read };
    const { parts, outcomes } = collect({ sockets: fakeReader([LISTENER]), events }, 'connection_events', 'sockets');
    assert.deepEqual(parts.at(-1)!.facts!.connectionEvents!.lost, lost);
    assert.deepEqual([outcomes.connection_events!.success, outcomes.connection_events!.source], [true, 'bpf']);
  });

  it('lose only themselves when they fail', () => {
    const fail = () => {
      throw new Error('EPERM');
    };
    const events = { source: 'bpf', settle: fail, read: fail };
    const { outcomes, sockets } = collect({ sockets: fakeReader([LISTENER]), events }, 'connection_events', 'sockets');
    assert.ok(sockets !== undefined && outcomes.sockets!.success);
    assert.equal(outcomes.connection_events!.error, 'EPERM');
  });
});
