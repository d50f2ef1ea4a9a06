import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCollection } from '../../src/collector/collect.ts';
import type { CollectedPart } from '../../src/collector/protocol.ts';
import type { CollectorName } from '../../src/model/collectors.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { TcpState } from '../../src/model/tcp-state.ts';
import type { FactCollector, OwnerResolver, Platform } from '../../src/platform/platform.ts';
import { Reason, ROW_WORDS, setProcess } from '../../src/table/socket-row.ts';
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

const OWNERS: OwnerResolver = {
  source: 'fake',
  resolve(table) {
    for (let row = 0; row < table.length; row++) {
      if (table.rowAt(row).owner !== 0)
        setProcess(table.words, row * ROW_WORDS, table.processNames.intern('nginx'), Reason.none);
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
  run({ id: 1, collectors, deadlineMs: 1000 }, (part) => parts.push(part));
  const outcomes = Object.fromEntries(
    parts.flatMap((part) => part.outcomes).map((outcome) => [outcome.collector, outcome]),
  );
  return { parts, outcomes, sockets: parts.find((part) => part.sockets)?.sockets };
}

describe('createCollection', () => {
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
      run({ id: scrape, collectors: ['sockets'], deadlineMs: 1 }, ({ sockets }) =>
        counts.push(sockets!.states!.ipv4[TcpState.listen]),
      );
    }
    assert.deepEqual(counts, [1, 1, 1]);
  });

  it('adds the times of the read and of the tallies up', () => {
    const { outcomes } = collect({ sockets: fakeReader([LISTENER]) }, 'sockets');
    assert.equal(outcomes.sockets!.seconds, 0.002);
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
      run({ id: scrape, collectors: ['sockets'], deadlineMs: 1000 }, () => {});
    }
    // the flood is in scrape 3, which needs larger arrays than there were; two small ones are behind it in 6
    assert.deepEqual(trims, [4, 7, 20, 40]);
  });
});
