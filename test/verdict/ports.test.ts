import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TcpState } from '../../src/model/tcp-state.ts';
import { judge } from '../../src/verdict/judge.ts';
import { DEFAULT_THRESHOLDS } from '../../src/verdict/thresholds.ts';
import {
  connection,
  destination,
  findingsOf,
  HEALTHY,
  kindsOf,
  PORTS,
  rangeUse,
  withCounters,
  withDestination,
  withSockets,
} from './hosts.ts';

const OWNED = withSockets({
  connections: {
    cells: [
      connection(TcpState.timeWait, 'unknown', 28_172),
      connection(TcpState.established, 'shop-worker', 60),
      connection(TcpState.established, 'other', 70),
      connection(TcpState.established, 'filtered', 80),
      connection(TcpState.established, 'psql', 1),
    ],
    folded: 0,
  },
});
const EXHAUSTED = withDestination({ portsUsed: PORTS, portsTimeWait: 28_172 }, OWNED);

describe('ports towards one destination', () => {
  it('are exhausted by TIME_WAIT, with the likely owner marked as inferred', () => {
    const [finding, ...others] = findingsOf(EXHAUSTED);
    assert.deepEqual(others, []);
    assert.equal(finding!.kind, 'ports_exhausted_by_time_wait');
    assert.equal(finding!.severity, 'critical');
    assert.deepEqual(finding!.subject, {
      type: 'destination',
      family: 'ipv4',
      localIp: '10.0.0.1',
      remoteIp: '10.0.0.50',
      remotePort: 5432,
    });
    assert.deepEqual(finding!.owner, { process: 'shop-worker', openConnections: 60, isInferred: true });
    assert.equal(
      finding!.headline,
      'Ports to 10.0.0.50:5432 are exhausted: 28,232 of 28,232 taken (28,172 TIME_WAIT, 60 open).',
    );
    assert.equal(finding!.numbers.timeWait, 28_172);
    assert.match(finding!.do, /^Slow down or stop shop-worker,/);
    assert.match(finding!.details[0]!, /^likely shop-worker \(inferred: 60 open connections there\)$/);
    assert.equal(finding!.runbook, 'tcpephemeralportsexhausted');
  });

  it('are of a destination without a name where the one that has them is left out, whatever others are there', () => {
    const families = [rangeUse({ used: PORTS, utilization: 1, bound: 32 })];
    const processes = { cells: [{ process: 'shop-worker', ports: 28_000 }], folded: 0 };
    for (const cells of [[], [destination({ portsUsed: 40_000, portsOutside: 39_000 })]]) {
      const ephemeral = { ...EXHAUSTED.sockets!.ephemeral!, families, processes, destinations: { cells, folded: 1 } };
      const [finding, ...others] = findingsOf(withSockets({ ephemeral }));
      assert.deepEqual(others, []);
      assert.deepEqual([finding!.kind, finding!.subject.type], ['ports_exhausted_to_unnamed', 'limit']);
      assert.equal(
        finding!.headline,
        'Ports to one destination are exhausted: 28,232 of 28,232 taken (32 held for every destination).',
      );
      assert.match(finding!.details.join('\n'), /left out by --limit\.destinations\nshop-worker holds 28,000 ports/);
    }
  });

  it('are called what the configuration calls the destination, with the address behind it', () => {
    const named = withDestination({ portsUsed: PORTS, portsTimeWait: 28_172, remoteName: 'postgres-primary' }, OWNED);
    const [finding] = findingsOf(named);
    assert.match(finding!.headline, /^Ports to postgres-primary \(10\.0\.0\.50:5432\) are exhausted: /);
    assert.ok(finding!.subject.type === 'destination' && finding!.subject.remoteName === 'postgres-primary');
    assert.equal(judge(named).headroom.find(({ name }) => name === 'ports')?.of, 'postgres-primary (10.0.0.50:5432)');
    const nameless = withDestination({ portsUsed: PORTS, portsTimeWait: 28_172, remoteName: '' }, OWNED);
    assert.deepEqual(findingsOf(nameless)[0]!.subject, findingsOf(EXHAUSTED)[0]!.subject);
  });

  it('are those from one local address, and of more connections than that it is said', () => {
    const cells = [connection(TcpState.established, 'shop-worker', PORTS + 1)];
    const all = withSockets({ connections: { cells, folded: 0 } });
    const [finding] = findingsOf(withDestination({ portsUsed: PORTS, portsTimeWait: 0 }, all));
    assert.equal(finding!.details[0], 'shop-worker has 28,233 open connections there, from several addresses');
  });

  it('towards which sockets without the interface go as well are held by these, too', () => {
    const { ephemeral, ...rest } = EXHAUSTED.sockets!;
    const first = ephemeral!.destinations.cells.find(({ portsUsed }) => portsUsed === PORTS);
    const cells = [
      { ...first!, localIp: '10.0.0.1%eth0', remoteIp: '10.0.0.50%eth0', portsUsed: 20_000, portsTimeWait: 0 },
      { ...first!, localIp: '10.0.0.1', remoteIp: '10.0.0.50', portsUsed: 8232, portsTimeWait: 0 },
    ];
    const sockets = { ...rest, ephemeral: { ...ephemeral!, destinations: { cells, folded: 0 } } };
    assert.match(
      findingsOf({ ...EXHAUSTED, sockets })[0]!.headline,
      /\(0 TIME_WAIT, 20,000 open, 8,232 held by sockets without the interface, or for every destination\)/,
    );
  });

  it('are judged by the threshold that the host has of its own', () => {
    const used = withDestination({ portsUsed: Math.round(PORTS * 0.75) });
    const withOwn = (threshold: number) => ({
      ...used,
      config: { isCurrent: true, thresholds: { TcpEphemeralPortsHigh: threshold } },
    });
    assert.deepEqual(kindsOf(used), ['ports_high']);
    assert.deepEqual(kindsOf(withOwn(0.8)), []);
    assert.deepEqual(kindsOf(withOwn(0.74)), ['ports_high']);
  });

  it('tell how fast they are used up, from two looks', () => {
    const later = withCounters({ timeWaitEntered: 480 }, EXHAUSTED);
    const { numbers, details } = findingsOf(later, EXHAUSTED)[0]!;
    assert.equal(numbers.timeWaitPerSecond, 480);
    assert.ok(Math.abs(numbers.sustainablePerSecond! - PORTS / 60) < 0.001);
    assert.ok(
      details.includes('480/s enter TIME_WAIT on this host; the range sustains 471/s to one destination'),
      details.join(),
    );
  });

  it('have no owner where nobody has open connections there', () => {
    const [finding] = findingsOf(withDestination({ portsUsed: PORTS, portsTimeWait: PORTS }));
    assert.equal(finding!.owner, undefined);
    assert.match(finding!.do, /^Slow down or stop the process behind it,/);
  });

  it('are exhausted by open connections, whose owner is no inference', () => {
    const [finding] = findingsOf(withDestination({ portsUsed: PORTS, portsTimeWait: 10 }, OWNED));
    assert.equal(finding!.kind, 'ports_exhausted_by_connections');
    assert.equal(finding!.owner?.isInferred, false);
  });

  it('are high at more than 70 %, a warning, and silent at 70 %', () => {
    const [high] = findingsOf(withDestination({ portsUsed: 20_000, portsTimeWait: 100 }));
    assert.deepEqual([high!.kind, high!.severity], ['ports_high', 'warning']);
    assert.match(high!.headline, /71 % used: 20,000 of 28,232 taken \(100 TIME_WAIT, 19,900 open\)/);
    assert.deepEqual(kindsOf(withDestination({ portsUsed: Math.floor(PORTS * 0.7), portsTimeWait: 100 })), []);
  });

  it('count neither those outside the range nor those that connect() may take over', () => {
    const cell = { portsUsed: PORTS + 900, portsTimeWait: 28_000, portsOutside: 900, portsReusable: 27_000 };
    assert.deepEqual(kindsOf(withDestination(cell)), []);
  });

  it('include those that are gone for every destination', () => {
    const host = withDestination({ portsUsed: 20_000, portsTimeWait: 19_000 });
    const families = [rangeUse({ blocked: 32, boundEstimate: 8_200, utilization: 1 })];
    const [finding] = findingsOf(withSockets({ ephemeral: { ...host.sockets!.ephemeral!, families } }));
    assert.match(
      finding!.headline,
      /28,232 of 28,232 taken \(19,000 TIME_WAIT, 1,000 open, 8,232 held for every destination\)/,
    );
    assert.equal(finding!.numbers.heldForAll, 8_232);
  });

  it('say nothing of the family that is not concerned', () => {
    const use = [rangeUse({ utilization: 1, used: PORTS }), rangeUse({ family: 'ipv6', utilization: 0.01 })];
    const destinations = { cells: [destination({ portsUsed: PORTS, portsTimeWait: PORTS })], folded: 0 };
    const both = withSockets({ ephemeral: { ...HEALTHY.sockets!.ephemeral!, families: use, destinations } });
    assert.equal(findingsOf(both).length, 1);
  });
});

describe('a range that is reserved as a whole', () => {
  it('is told as what it is, once, and sends nobody after a process', () => {
    const families = (['ipv4', 'ipv6'] as const).map((family) =>
      rangeUse({ family, ports: 0, used: 0, utilization: 1 }),
    );
    const [finding, ...more] = findingsOf(withSockets({ ephemeral: { ...HEALTHY.sockets!.ephemeral!, families } }));
    assert.deepEqual(
      [finding!.kind, finding!.severity, finding!.subject, more],
      ['ports_all_reserved', 'critical', { type: 'limit', limit: 'ephemeral_ports' }, []],
    );
    assert.match(finding!.do, /^Take ports out of net\.ipv4\.ip_local_reserved_ports/);
  });
});

describe('ports taken by bind()', () => {
  const bound = (boundEstimate: number) => {
    const families = (['ipv4', 'ipv6'] as const).map((family) =>
      rangeUse({ family, boundEstimate, used: boundEstimate, utilization: boundEstimate / PORTS }),
    );
    const processes = {
      cells: [
        { process: 'unknown', ports: 9 },
        { process: 'proxy', ports: 27_500 },
      ],
      folded: 0,
    };
    return withSockets({ ephemeral: { ...HEALTHY.sockets!.ephemeral!, families, processes } });
  };

  it('are a limit of the whole host, told once for both families, with the process that has most', () => {
    const findings = findingsOf(bound(27_800));
    assert.deepEqual(
      findings.map(({ kind, severity, subject, owner }) => [kind, severity, subject, owner?.process]),
      [['ports_exhausted_by_bound', 'critical', { type: 'limit', limit: 'ephemeral_ports' }, 'proxy']],
    );
    assert.match(findings[0]!.headline, /27,800 of 28,232 taken by bind\(\) before connect\(\)/);
    assert.match(findings[0]!.do, /IP_BIND_ADDRESS_NO_PORT/);
  });

  it('are silent below the thresholds', () => {
    assert.deepEqual(kindsOf(bound(15_000)), []);
  });
});

describe('ports of a host that holds them against everybody (Windows)', () => {
  const windows = (used: number) => {
    const use = rangeUse({ first: 49_152, last: 65_535, ports: 16_384, used, utilization: used / 16_384 });
    const { boundEstimate: _, ...hostWide } = use;
    return withSockets({ ephemeral: { ...HEALTHY.sockets!.ephemeral!, families: [hostWide] } });
  };

  it('are exhausted for all programs', () => {
    const [finding] = findingsOf(windows(16_384));
    assert.deepEqual([finding!.kind, finding!.severity], ['ports_exhausted_on_host', 'critical']);
    assert.match(finding!.headline, /Ports of the whole host are exhausted: 16,384 of 16,384 taken\./);
  });

  it('are silent with room', () => {
    assert.deepEqual(kindsOf(windows(9_000)), []);
  });
});

describe('ports that fill up', () => {
  const at = (portsUsed: number) => withDestination({ portsUsed, portsTimeWait: 100 }, OWNED);

  it('are told with the time that is left', () => {
    const [finding] = findingsOf(at(14_116), at(12_000), 60);
    assert.deepEqual([finding!.kind, finding!.severity], ['ports_filling_up', 'warning']);
    assert.equal(Math.round(finding!.numbers.secondsLeft!), 400);
    assert.match(finding!.headline, /last 6m40s at this growth: 14,116 of 28,232 taken \(50 %\), \+35\.3\/s/);
  });

  it('are silent for noise, below 30 %, when they fall, and without an earlier look', () => {
    assert.deepEqual(kindsOf(at(14_200), at(14_000)), []);
    assert.deepEqual(kindsOf(at(8_000), at(2_000)), []);
    assert.deepEqual(kindsOf(at(14_000), at(16_000)), []);
    assert.deepEqual(kindsOf(at(14_116)), []);
  });

  it('are silent where the range lasts more than half an hour', () => {
    assert.deepEqual(kindsOf(at(12_000), at(11_700), 60), []);
  });
});

describe('TIME_WAIT', () => {
  it('is told from half of the range on, and not beside a worse finding on the same ports', () => {
    assert.deepEqual(kindsOf(withDestination({ portsUsed: 15_000, portsTimeWait: 14_500 })), ['time_wait_high']);
    assert.deepEqual(kindsOf(withDestination({ portsUsed: 15_000, portsTimeWait: 14_000 })), []);
    assert.deepEqual(kindsOf(withDestination({ portsUsed: 15_000, portsTimeWait: 14_500, portsReusable: 9_000 })), []);
    assert.deepEqual(kindsOf(withDestination({ portsUsed: 21_000, portsTimeWait: 21_000 })), ['ports_high']);
  });

  it('overflows its table, or has just filled it', () => {
    const [overflow] = findingsOf(withCounters({ timeWaitOverflows: 40 }), HEALTHY);
    assert.equal(overflow!.kind, 'time_wait_table_full');
    assert.match(overflow!.headline, /400 sockets of 131,072, 40\.0\/s end without it/);
    const full = { ...HEALTHY, settings: { ...HEALTHY.settings, tcpMaxTwBuckets: 400 } };
    assert.deepEqual(kindsOf(full), ['time_wait_table_full']);
    assert.deepEqual(kindsOf(withCounters({ timeWaitOverflows: 2 }), HEALTHY), []);
    assert.deepEqual(kindsOf(withCounters({ timeWaitOverflows: 40 })), []);
  });
});

describe('thresholds', () => {
  it('can be others', () => {
    const host = withDestination({ portsUsed: 4_000, portsTimeWait: 100 });
    const strict = { ...DEFAULT_THRESHOLDS, portsHigh: 0.1, portsExhausted: 0.12 };
    assert.equal(judge(host, undefined, { thresholds: strict }).status, 'critical');
    assert.equal(judge(host, undefined).status, 'ok');
  });
});
