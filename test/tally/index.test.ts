import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CountingInput, createCounting } from '../../src/collector/counting.ts';
import type { EphemeralRules } from '../../src/model/ephemeral-rules.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { TcpState } from '../../src/model/tcp-state.ts';
import { Reason } from '../../src/table/socket-row.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { BARE_INPUT } from '../support/tables/bare-tally-input.ts';
import { addSocketRows, type SocketRow, socketTable } from '../support/tables/socket-rows.ts';

const RANGE = { first: 40_000, last: 40_009, excluded: [] };
const RULES: EphemeralRules = {
  ranges: { ipv4: RANGE },
  heldAgainst: 'destination',
  timeWaitReuse: { scope: 'loopback', afterMs: 1000 },
  timeWaitMs: 60_000,
};
function count(rows: readonly SocketRow[], input: Partial<CountingInput> = {}, limits = DEFAULT_LIMITS) {
  const table = new SocketTable();
  const tally = createCounting(table, limits);
  addSocketRows(table, rows);
  return tally({ ...BARE_INPUT, ...input });
}

const LISTENER: SocketRow = {
  state: 'listen',
  local: ['0.0.0.0', 80],
  owner: 7,
  process: 'nginx',
  group: 5,
  queue: [3, 511],
};

describe('createCounting', () => {
  it('counts five rows by hand', () => {
    const counts = count(
      [
        LISTENER,
        {
          state: 'established',
          local: ['10.0.0.9', 80],
          remote: ['203.0.113.7', 50_000],
          owner: 8,
          process: 'nginx',
          group: 5,
        },
        { state: 'timeWait', local: ['10.0.0.9', 80], remote: ['203.0.113.7', 50_001], milliseconds: 30_000 },
        {
          state: 'established',
          local: ['10.0.0.9', 40_001],
          remote: ['10.0.0.2', 5432],
          owner: 9,
          process: 'api',
          group: 6,
        },
        { state: 'timeWait', local: ['10.0.0.9', 40_002], remote: ['10.0.0.2', 5432], milliseconds: 50_000 },
      ],
      { rules: RULES, hasOwners: true, nameOfGroup: (id) => (id === 5n ? 'nginx.service' : undefined) },
    );
    const { established, timeWait, listen } = TcpState;
    assert.equal(counts.states!.ipv4[timeWait], 2);
    assert.deepEqual(counts.connections, {
      folded: 0,
      cells: [
        {
          state: established,
          direction: 'inbound',
          localPort: '80',
          remoteIp: '203.0.113.7',
          remotePort: '',
          process: 'nginx',
          sockets: 1,
        },
        {
          state: timeWait,
          direction: 'inbound',
          localPort: '80',
          remoteIp: '203.0.113.7',
          remotePort: '',
          process: 'nginx',
          sockets: 1,
        },
        {
          state: established,
          direction: 'outbound',
          localPort: 'ephemeral',
          remoteIp: '10.0.0.2',
          remotePort: '5432',
          process: 'api',
          sockets: 1,
        },
        {
          state: timeWait,
          direction: 'outbound',
          localPort: 'ephemeral',
          remoteIp: '10.0.0.2',
          remotePort: '5432',
          process: 'unknown',
          sockets: 1,
        },
      ],
    });
    assert.deepEqual(counts.localPorts!.cells, [
      { state: established, localPort: 'ephemeral', sockets: 1 },
      { state: established, localPort: '80', sockets: 1 },
      { state: timeWait, localPort: 'ephemeral', sockets: 1 },
      { state: timeWait, localPort: '80', sockets: 1 },
      { state: listen, localPort: '80', sockets: 1 },
    ]);
    assert.deepEqual(counts.units!.cells, [
      { state: established, unit: 'nginx.service', sockets: 1 },
      { state: established, unit: 'unknown', sockets: 1 },
      { state: timeWait, unit: 'nginx.service', sockets: 1 },
      { state: timeWait, unit: 'unknown', sockets: 1 },
      { state: listen, unit: 'nginx.service', sockets: 1 },
    ]);
    assert.deepEqual(counts.listeners, {
      folded: 0,
      cells: [{ localIp: '0.0.0.0', localPort: 80, process: 'nginx', queueLength: 3, queueLimit: 511 }],
    });
    assert.deepEqual(counts.ephemeral, {
      families: [
        {
          family: 'ipv4',
          first: 40_000,
          last: 40_009,
          ports: 10,
          used: 2,
          blocked: 0,
          listening: 0,
          boundEstimate: 1,
          utilization: 0.2,
        },
      ],
      destinations: {
        folded: 0,
        cells: [
          {
            family: 'ipv4',
            localIp: '10.0.0.9',
            remoteIp: '10.0.0.2',
            remotePort: 5432,
            portsUsed: 2,
            portsTimeWait: 1,
            portsOutside: 0,
            portsReusable: 0,
          },
        ],
      },
      processes: {
        folded: 0,
        cells: [
          { process: 'api', ports: 1 },
          { process: 'unknown', ports: 1 },
        ],
      },
      listeners: [],
      holders: [{ localPort: '40001', process: 'api', sockets: 1 }],
    });
    assert.deepEqual(
      counts.unattributed!.filter(({ sockets }) => sockets > 0),
      [{ state: timeWait, reason: 'kernel', sockets: 1 }],
    );
  });

  it('leaves out what nobody looked for', () => {
    const counts = count([LISTENER]);
    assert.deepEqual(Object.keys(counts).sort(), ['connections', 'listeners', 'localPorts', 'remoteIps', 'states']);
  });

  it('leaves a state that the source does not show unknown, unless it was seen', () => {
    const bound: SocketRow = { state: 'bound', local: ['10.0.0.9', 7] };
    assert.equal(count([LISTENER], { unsupportedStates: [TcpState.bound] }).states!.ipv4[TcpState.bound], undefined);
    assert.equal(count([bound], { unsupportedStates: [TcpState.bound] }).states!.ipv4[TcpState.bound], 1);
    assert.equal(count([LISTENER]).states!.ipv4[TcpState.bound], 0);
  });

  it('groups peers by prefix, each family by its own', () => {
    const rows = ['10.1.2.3', '10.1.2.200', '10.1.3.1', '2001:db8:1:2:3::4', '2001:db8:1:2:9::'].map(
      (peer): SocketRow => ({
        state: 'established',
        local: [peer.includes(':') ? 'fd00::9' : '10.0.0.9', 80],
        remote: [peer, 1],
      }),
    );
    const counts = count(rows, {}, { ...DEFAULT_LIMITS, remotePrefixV4: 24, remotePrefixV6: 64 });
    assert.deepEqual(
      counts.remoteIps!.cells.map(({ remoteIp, sockets }) => [remoteIp, sockets]),
      [
        ['10.1.2.0/24', 2],
        ['2001:db8:1:2::/64', 2],
        ['10.1.3.0/24', 1],
      ].toSorted((a, b) => Number(b[1]) - Number(a[1])),
    );
    assert.ok(counts.connections!.cells.every(({ remoteIp }) => remoteIp.includes('/')));
  });

  it('counts a port once for a destination, blocked ports once for all', () => {
    const rows: SocketRow[] = [
      { state: 'listen', local: ['10.0.0.9', 40_000], owner: 1 },
      { state: 'bound', local: ['10.0.0.9', 40_001], owner: 2 },
      { state: 'established', local: ['10.0.0.9', 40_001], remote: ['10.0.0.2', 80], owner: 3 },
      { state: 'established', local: ['10.0.0.9', 40_002], remote: ['10.0.0.2', 80], owner: 4 },
      { state: 'established', local: ['10.0.0.9', 40_002], remote: ['10.0.0.3', 80], owner: 5 },
    ];
    const [use] = count(rows, { rules: RULES }).ephemeral!.families;
    assert.deepEqual(use, {
      family: 'ipv4',
      first: 40_000,
      last: 40_009,
      ports: 10,
      used: 3,
      blocked: 2,
      listening: 1,
      boundEstimate: 0,
      utilization: 0.3,
    });
  });

  it('counts every port against the host where the platform does', () => {
    const rows: SocketRow[] = [2, 3, 4].map((peer) => ({
      state: 'timeWait',
      local: ['10.0.0.9', 40_000 + peer],
      remote: [`10.0.0.${peer}`, 80],
    }));
    const [use] = count(rows, { rules: { ...RULES, heldAgainst: 'host' } }).ephemeral!.families;
    assert.equal(use!.utilization, 0.3);
  });

  it('leaves TIME_WAIT out of the ratio only where and when its port can be taken over', () => {
    const row = (peer: string, milliseconds: number): SocketRow => ({
      state: 'timeWait',
      local: [peer, 40_000],
      remote: [peer, 80],
      milliseconds,
    });
    const ratio = (peer: string, milliseconds: number, scope: 'never' | 'loopback' | 'always') =>
      count([row(peer, milliseconds)], {
        rules: { ...RULES, ranges: { ipv4: RANGE, ipv6: RANGE }, timeWaitReuse: { scope, afterMs: 1000 } },
      }).ephemeral!.families.find(({ family }) => family === (peer.includes(':') ? 'ipv6' : 'ipv4'))!.utilization;
    assert.equal(ratio('127.0.0.1', 58_000, 'loopback'), 0);
    assert.equal(ratio('::1', 58_000, 'loopback'), 0);
    assert.equal(ratio('127.9.9.9', 58_000, 'loopback'), 0);
    assert.equal(ratio('127.0.0.1', 59_500, 'loopback'), 0.1);
    assert.equal(ratio('10.0.0.1', 58_000, 'loopback'), 0.1);
    assert.equal(ratio('10.0.0.1', 58_000, 'always'), 0);
    assert.equal(ratio('127.0.0.1', 58_000, 'never'), 0.1);
  });

  it('has a ratio of 1 when everything is reserved', () => {
    const rules = { ...RULES, ranges: { ipv4: { ...RANGE, excluded: [RANGE] } } };
    assert.equal(count([], { rules }).ephemeral!.families[0]!.utilization, 1);
  });

  it('shows the fullest queue of listeners that share an address', () => {
    const rows: SocketRow[] = [
      { ...LISTENER, queue: [0, 511] },
      { ...LISTENER, owner: 8, queue: [200, 511] },
      { ...LISTENER, owner: 9, local: ['127.0.0.1', 81], queue: [5, undefined] },
    ];
    assert.deepEqual(
      count(rows, { hasOwners: true }).listeners!.cells.map(({ localPort, queueLength, queueLimit }) => [
        localPort,
        queueLength,
        queueLimit,
      ]),
      [
        [81, 5, undefined],
        [80, 200, 511],
      ],
    );
  });

  it('tells sockets that are not closed from those that were never accepted', () => {
    const closeWait = socketTable([
      LISTENER,
      {
        state: 'closeWait',
        local: ['10.0.0.9', 80],
        remote: ['10.0.0.2', 1],
        owner: 10,
        process: 'nginx',
        milliseconds: 70_000,
      },
      { state: 'closeWait', local: ['10.0.0.9', 80], remote: ['10.0.0.2', 2], owner: 0, milliseconds: 90_000 },
      {
        state: 'closeWait',
        local: ['10.0.0.9', 80],
        remote: ['10.0.0.2', 3],
        owner: 11,
        process: 'nginx',
        milliseconds: 60_000,
      },
      {
        state: 'closeWait',
        local: ['10.0.0.9', 9999],
        remote: ['10.0.0.2', 4],
        owner: 12,
        reason: Reason.permission,
        milliseconds: 5,
      },
    ]);
    assert.deepEqual(count([LISTENER], { hasOwners: true, closeWait }).closeWait, {
      oldest: [
        { process: 'nginx', seconds: 90 },
        { process: 'unknown', seconds: 0.005 },
      ],
      stuck: [
        { process: 'nginx', reason: 'unclosed', sockets: 1 },
        { process: 'nginx', reason: 'unaccepted', sockets: 1 },
        { process: 'unknown', reason: 'unclosed', sockets: 0 },
        { process: 'unknown', reason: 'unaccepted', sockets: 0 },
      ],
      folded: 0,
    });
  });

  it('keeps the processes nearest to their limit', () => {
    const processFds = [
      { process: 'far', open: 500, limit: 1_000_000 },
      { process: 'near', open: 90, limit: 100 },
      { process: 'free', open: 9999, limit: undefined },
    ];
    const kept = count([], { processFds }, { ...DEFAULT_LIMITS, processes: 2 }).processFds!;
    assert.deepEqual([kept.cells.map(({ process }) => process), kept.folded], [['near', 'far'], 1]);
  });
});
