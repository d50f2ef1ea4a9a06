import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TcpState } from '../../src/model/tcp-state.ts';
import { inferTimeWaitOwners } from '../../src/verdict/inferred-owners.ts';
import { type Choice, judge } from '../../src/verdict/judge.ts';
import { bytes, count, counted, duration, endpoint, percent, perSecond } from '../../src/verdict/words.ts';
import { connection, HEALTHY, PORTS, withDestination, withSockets } from './hosts.ts';

const WAITING = withSockets({
  closeWait: {
    oldest: [{ process: 'legacy', seconds: 900 }],
    stuck: [{ process: 'legacy', reason: 'unclosed', sockets: 450 }],
    folded: 0,
  },
});

describe('limits of the user', () => {
  const told = (host: typeof HEALTHY, choice: Choice) =>
    judge(host, undefined, choice).findings.map(({ kind, severity }) => [kind, severity]);

  it('make a finding more severe, and never less', () => {
    assert.deepEqual(told(WAITING, { crit: { close_wait_stuck: 100 } }), [['close_wait_unclosed', 'critical']]);
    assert.deepEqual(told(WAITING, { crit: { close_wait_stuck: 450 } }), [['close_wait_unclosed', 'warning']]);
    assert.deepEqual(told(WAITING, { warn: { close_wait_stuck: 1000 } }), []);
  });

  it('make the worst on a thing more severe, whichever comes first', () => {
    const stuckOf = (process: string, sockets: number) => ({ process, reason: 'unclosed' as const, sockets });
    const closeWait = { oldest: [], stuck: [stuckOf('some', 20), stuckOf('most', 450)], folded: 0 };
    const cells = [
      { process: 'some', open: 900, limit: 1000 },
      { process: 'most', open: 990, limit: 1000 },
    ];
    const listenerOf = (localPort: number, queueLength: number) => ({
      localIp: '10.0.0.1',
      localPort,
      process: localPort === 80 ? 'some' : 'most',
      queueLength,
      queueLimit: 100,
    });
    const host = withSockets({
      closeWait,
      processFds: { cells, folded: 0 },
      listeners: { cells: [listenerOf(80, 75), listenerOf(81, 95)], folded: 0 },
    });
    const critical = judge(host, undefined, { crit: { close_wait_stuck: 100, fds: 95, queue: 90 } }).findings.filter(
      ({ severity }) => severity === 'critical',
    );
    assert.deepEqual(
      critical.map(({ kind, subject }) => [kind, 'process' in subject && subject.process]),
      [
        ['accept_queue_near_limit', 'most'],
        ['close_wait_unclosed', 'most'],
        ['fds_near_limit', 'most'],
      ],
    );
  });

  it('make a number critical, and do not say that nothing is left', () => {
    const ports = withDestination({ portsUsed: PORTS * 0.65 });
    const [finding] = judge(ports, undefined, { crit: { util: 60 } }).findings;
    assert.deepEqual([finding!.kind, finding!.severity], ['ports_high', 'critical']);
    assert.match(finding!.headline, /are 65 % used/);
    const conntrack = { ...HEALTHY, conntrack: { entries: 60, limit: 100 } };
    assert.deepEqual(told(conntrack, { crit: { conntrack: 50 } }), [['conntrack_high', 'critical']]);
  });

  it('are a finding by themselves for a number that never is one', () => {
    const [finding, ...others] = judge(HEALTHY, undefined, { crit: { time_wait: 399 } }).findings;
    assert.deepEqual(others, []);
    assert.equal(finding!.headline, 'time_wait is 400, more than your limit of 399.');
    assert.equal(finding!.alert, undefined);
    assert.deepEqual(told(HEALTHY, { crit: { time_wait: 400 } }), []);
  });

  it('replace the thresholds of percentages', () => {
    assert.deepEqual(told(HEALTHY, { warn: { util: 1 } }), [['ports_high', 'warning']]);
    assert.deepEqual(told(HEALTHY, { warn: { queue: 0.1 } }), [['beyond_your_limit', 'warning']]);
  });
});

describe('figures', () => {
  it('are percentages and counts with the limits that hold', () => {
    assert.deepEqual(judge(HEALTHY, undefined, { warn: { time_wait: 9 } }).figures, [
      { name: 'util', value: 1.1, unit: '%', warn: 70, crit: 95, max: 100 },
      { name: 'time_wait', value: 400, unit: '', warn: 9, max: 131_072 },
      { name: 'close_wait', value: 2, unit: '' },
      { name: 'close_wait_stuck', value: 0, unit: '', warn: 5 },
      { name: 'queue', value: 0.6, unit: '%', warn: 70, max: 100 },
      { name: 'fds', value: 8.8, unit: '%', warn: 85, max: 100 },
      { name: 'conntrack', value: 0.2, unit: '%', warn: 75, crit: 95, max: 100 },
      { name: 'memory', value: 0.3, unit: '%', warn: 80, max: 100 },
      { name: 'orphans', value: 0, unit: '%', warn: 70, max: 100 },
    ]);
  });

  it('that are not known are left out', () => {
    assert.deepEqual(judge({ outcomes: [] }).figures, []);
  });
});

describe('owners of TIME_WAIT', () => {
  it('are inferred from open connections to the same destination and from listeners', () => {
    const inbound = {
      state: TcpState.timeWait,
      direction: 'inbound',
      remoteIp: '10.0.0.9',
      remotePort: 'ephemeral',
    } as const;
    const cells = [
      connection(TcpState.timeWait, 'unknown', 900),
      connection(TcpState.timeWait, 'unknown', 30, '10.0.0.77'),
      connection(TcpState.established, 'psql', 2),
      connection(TcpState.established, 'shop', 60),
      { ...inbound, localPort: '80', process: 'unknown', sockets: 12 },
      { ...inbound, localPort: '81', process: 'unknown', sockets: 1 },
    ];
    assert.deepEqual(inferTimeWaitOwners(withSockets({ connections: { cells, folded: 0 } })), [
      { process: 'shop', sockets: 900, isInferred: true },
      { process: 'nginx', sockets: 12, isInferred: true },
      { process: 'unknown', sockets: 31, isInferred: false },
    ]);
  });
});

describe('words', () => {
  it('write numbers as people read them', () => {
    assert.equal(count(28_172), '28,172');
    assert.equal(counted(1, 'socket'), '1 socket');
    assert.deepEqual([0, 0.011, 0.0995, 0.704, 0.9999, 1].map(percent), [
      '0 %',
      '1.1 %',
      '10 %',
      '70 %',
      '99 %',
      '100 %',
    ]);
    assert.deepEqual([0, 14.84, 99.96, 470.6].map(perSecond), ['0.0/s', '14.8/s', '100/s', '471/s']);
    assert.deepEqual([0.4, 59.7, 968, 7261, 200_000].map(duration), ['0s', '1m00s', '16m08s', '2h01m', '2d07h']);
    assert.deepEqual([512, 1536, 200 * 1024 ** 3].map(bytes), ['512 B', '1.5 KiB', '200 GiB']);
    assert.deepEqual([endpoint('::1', 443), endpoint('10.0.0.1', 'other')], ['[::1]:443', '10.0.0.1:other']);
  });
});
