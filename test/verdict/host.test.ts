import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TcpState } from '../../src/model/tcp-state.ts';
import { judge } from '../../src/verdict/judge.ts';
import { LINUX_SNAPSHOT, WINDOWS_SNAPSHOT } from '../support/pages/snapshots.ts';
import { connection, findingsOf, HEALTHY, kindsOf, withCounters, withSockets } from './hosts.ts';

describe('a healthy host', () => {
  it('has no finding, at one look and at two', () => {
    const busy = withCounters({
      activeOpens: 900,
      passiveOpens: 900,
      timeWaitEntered: 400,
      sentResets: 5,
      attemptFails: 4,
    });
    assert.deepEqual(judge(HEALTHY).findings, []);
    assert.deepEqual(judge(busy, { snapshot: HEALTHY, secondsAgo: 1 }).findings, []);
    assert.equal(judge(HEALTHY).status, 'ok');
  });

  it('tells how near each limit is', () => {
    assert.deepEqual(
      judge(HEALTHY).headroom.map(({ name, text, of }) => [name, text, of]),
      [
        ['ports', '300 of 28,232', '10.0.0.50:5432'],
        ['queue', '3 of 511', '10.0.0.1:80'],
        ['fds', '90 of 1,024', 'nginx'],
        ['time_wait', '400 of 131,072', undefined],
        ['conntrack', '500 of 262,144', undefined],
        ['orphans', '3 of 131,072', undefined],
        ['memory', '3.8 MiB of 1.5 GiB', undefined],
        ['files', '4,000 of 9,000,000', undefined],
      ],
    );
  });

  it('is not known of where nothing was collected: parts that are absent are no finding', () => {
    assert.deepEqual(judge({ outcomes: [] }).findings, []);
    assert.deepEqual(judge({ outcomes: [] }).headroom, []);
  });
});

describe('every snapshot of the golden pages', () => {
  it('can be judged', () => {
    for (const snapshot of [LINUX_SNAPSHOT, WINDOWS_SNAPSHOT]) {
      for (const { headline, details } of judge(snapshot, { snapshot, secondsAgo: 1 }).findings)
        assert.doesNotMatch([headline, ...details].join(' '), /NaN|undefined|Infinity/);
    }
  });
});

describe('the SYN backlog', () => {
  it('is full when handshakes get cookies or are dropped', () => {
    const [cookies] = findingsOf(withCounters({ syncookiesSent: 50 }), HEALTHY);
    assert.deepEqual([cookies!.kind, cookies!.severity], ['syn_backlog_full', 'warning']);
    assert.match(cookies!.headline, /50\.0\/s handshakes answered by a cookie, 0\.0\/s dropped/);
    assert.deepEqual(kindsOf(withCounters({ listenDrops: 30 }), HEALTHY), ['syn_backlog_full']);
  });

  it('is not, where full accept queues explain the drops, for a few, or with a cookie for every SYN', () => {
    const queues = withCounters({ listenDrops: 4, listenOverflows: 4 });
    assert.deepEqual(kindsOf(queues, HEALTHY), []);
    assert.deepEqual(kindsOf(withCounters({ syncookiesSent: 3 }), HEALTHY), []);
    const always = { ...HEALTHY, settings: { ...HEALTHY.settings, tcpSyncookies: 2 } };
    assert.deepEqual(kindsOf(withCounters({ syncookiesSent: 50, syncookiesReceived: 45 }, always), always), []);
    assert.deepEqual(kindsOf(withCounters({ syncookiesSent: 50 }, always), always), ['syn_backlog_full']);
  });
});

describe('connections', () => {
  it('that fail are told from a tenth of all on', () => {
    assert.deepEqual(kindsOf(withCounters({ activeOpens: 60, attemptFails: 20 }), HEALTHY), ['connects_failing']);
    assert.deepEqual(kindsOf(withCounters({ activeOpens: 900, attemptFails: 20 }), HEALTHY), []);
    assert.deepEqual(kindsOf(withCounters({ activeOpens: 4, attemptFails: 20 }), HEALTHY), []);
    assert.deepEqual(kindsOf(withCounters({ activeOpens: 9000, attemptFails: 120 }), HEALTHY), ['connects_failing']);
  });

  it('that clients broke off half-open have not failed', () => {
    const checked = { activeOpens: 60, attemptFails: 40, embryonicResets: 40 };
    assert.deepEqual(kindsOf(withCounters(checked), HEALTHY), []);
    const [finding] = findingsOf(withCounters({ ...checked, attemptFails: 60 }), HEALTHY);
    assert.match(finding!.headline, /^Outbound connects fail: 20\.0\/s, 33 % of all\.$/);
    const resetting = { ...HEALTHY, settings: { ...HEALTHY.settings, tcpAbortOnOverflow: 1 } };
    const overflowing = { activeOpens: 60, attemptFails: 40, embryonicResets: 40, listenOverflows: 40, sentResets: 40 };
    const kinds = kindsOf(withCounters(overflowing, resetting), resetting);
    assert.ok(kinds.includes('connects_failing'), 'a full accept queue resets without a failed attempt');
  });

  it('that are refused are told, unless they are explained or few beside those accepted', () => {
    assert.deepEqual(kindsOf(withCounters({ sentResets: 60 }), HEALTHY), ['connections_refused']);
    // one event in a twentieth of a second is no rate
    assert.deepEqual(kindsOf(withCounters({ sentResets: 4, estabResets: 4, abortOnData: 0 }), HEALTHY, 0.05), []);
    assert.deepEqual(kindsOf(withCounters({ sentResets: 60, abortOnData: 55 }), HEALTHY), []);
    assert.deepEqual(kindsOf(withCounters({ sentResets: 60, passiveOpens: 5_000 }), HEALTHY), []);
  });

  it('that keep-alive ended are no refusals, which connects that timed out do not hide', () => {
    const ended = { sentResets: 25, estabResets: 25, abortOnTimeout: 25 };
    assert.deepEqual(kindsOf(withCounters(ended), HEALTHY), []);
    const timedOut = { sentResets: 60, abortOnTimeout: 60 };
    assert.deepEqual(kindsOf(withCounters(timedOut), HEALTHY), ['connections_refused']);
  });

  it('that find a full queue with tcp_abort_on_overflow are no refusals', () => {
    const resetting = { ...HEALTHY, settings: { ...HEALTHY.settings, tcpAbortOnOverflow: 1 } };
    const overflowing = { sentResets: 60, embryonicResets: 60, listenOverflows: 90, listenDrops: 90 };
    const isRefusing = (host: typeof HEALTHY) =>
      kindsOf(withCounters(overflowing, host), host).includes('connections_refused');
    assert.equal(isRefusing(resetting), false);
    assert.equal(isRefusing(HEALTHY), true, 'without it an overflow sends no reset');
    const checked = withCounters({ sentResets: 60, embryonicResets: 60 }, resetting);
    assert.deepEqual(kindsOf(checked, resetting), ['connections_refused'], 'half-open checks send none either');
  });

  it('that are reset are told from a fifth of those opened on', () => {
    const [finding] = findingsOf(withCounters({ estabResets: 40, activeOpens: 50, passiveOpens: 50 }), HEALTHY);
    assert.deepEqual([finding!.kind, finding!.severity], ['connections_reset', 'warning']);
    assert.match(finding!.headline, /40\.0\/s; opened: 100\/s/);
    assert.deepEqual(kindsOf(withCounters({ estabResets: 40, passiveOpens: 900 }), HEALTHY), []);
    assert.deepEqual(kindsOf(withCounters({ estabResets: 30 }), HEALTHY), []);
  });

  it('that one destination does not answer are told while they last', () => {
    const silent = (sockets: number) =>
      withSockets({ connections: { cells: [connection(TcpState.synSent, 'fetch', sockets)], folded: 0 } });
    const [finding] = findingsOf(silent(21), silent(21));
    assert.equal(finding!.kind, 'syn_sent_piling');
    assert.match(finding!.headline, /10\.0\.0\.50:5432 does not answer: 21 connections of fetch wait/);
    assert.deepEqual(kindsOf(silent(21), silent(0)), []);
    assert.deepEqual(kindsOf(silent(20), silent(20)), []);
    for (const sum of ['other', 'filtered']) {
      const cell = { ...connection(TcpState.synSent, sum, 900), remoteIp: sum, remotePort: sum };
      assert.deepEqual(kindsOf(withSockets({ connections: { cells: [cell], folded: 0 } })), [], 'nobody in particular');
    }
  });

  it('that began anew with the counters are not told', () => {
    assert.deepEqual(kindsOf(HEALTHY, withCounters({ sentResets: 900, estabResets: 900 })), []);
  });
});

describe('conntrack', () => {
  const table = (entries: number, drops = 0) => ({
    ...HEALTHY,
    conntrack: { entries, limit: 1000, insertFailed: drops, drops: drops * 2 },
  });

  it('is full, fills up, or drops though it has room', () => {
    assert.deepEqual(
      findingsOf(table(951)).map(({ kind, severity }) => [kind, severity]),
      [['conntrack_full', 'critical']],
    );
    assert.deepEqual(
      findingsOf(table(751)).map(({ kind, severity }) => [kind, severity]),
      [['conntrack_high', 'warning']],
    );
    const [drops] = findingsOf(table(10, 30), table(10));
    assert.equal(drops!.kind, 'conntrack_drops');
    assert.equal(drops!.numbers.dropsPerSecond, 60);
  });

  it('is silent with room, and for a stray packet', () => {
    assert.deepEqual(kindsOf(table(750)), []);
    assert.deepEqual(kindsOf(table(10, 2), table(10)), []);
  });
});

describe('limits of the kernel', () => {
  it('are told for orphans, memory and connections reset to save it', () => {
    const memory = (orphans: number, bytes: number) => ({
      ...HEALTHY,
      memory: { orphans, orphanLimit: 1000, bytes, limitBytes: 1000 },
    });
    assert.deepEqual(kindsOf(memory(701, 800)), ['orphans_near_limit']);
    assert.deepEqual(kindsOf(memory(700, 801)), ['tcp_memory_near_limit']);
    assert.deepEqual(kindsOf(memory(700, 800)), []);
    assert.deepEqual(kindsOf(withCounters({ abortOnMemory: 1 }), HEALTHY), ['aborted_for_memory']);
  });
});

describe('what cannot be seen', () => {
  it('makes the verdict unknown, unless something worse is known', () => {
    const inside = { ...HEALTHY, namespace: { isHostNetwork: false, isHostPid: false } };
    const verdict = judge(inside);
    assert.deepEqual(
      verdict.findings.map(({ kind }) => kind),
      ['wrong_network_namespace', 'wrong_pid_namespace'],
    );
    assert.equal(verdict.status, 'unknown');
    assert.equal(judge({ ...inside, conntrack: { entries: 99, limit: 100 } }).status, 'critical');
    assert.equal(judge({ ...HEALTHY, namespace: {} }).status, 'ok');
  });

  it('is told of each collector that failed, with the reason', () => {
    const outcome = { collector: 'memory', success: false, seconds: 0, error: 'no such file' } as const;
    const verdict = judge({ ...HEALTHY, outcomes: [outcome] });
    assert.equal(verdict.status, 'unknown');
    assert.equal(verdict.findings[0]!.headline, 'The collector memory failed: no such file.');
  });

  it('is told of owners from a tenth of the sockets on, without those that have none for anybody', () => {
    const hidden = (sockets: number) =>
      withSockets({
        unattributed: [
          { state: 6, reason: 'kernel', sockets: 400 },
          { state: 1, reason: 'permission', sockets },
        ],
      });
    const verdict = judge(hidden(120));
    assert.equal(verdict.status, 'ok');
    assert.equal(verdict.findings[0]!.headline, 'The process is unknown for 120 of 141 sockets that have one (85 %).');
    assert.deepEqual(verdict.findings[0]!.details, ['permission 120']);
    assert.deepEqual(kindsOf(hidden(14)), []);
  });
});

describe('findings', () => {
  it('come the worst first', () => {
    const host = {
      ...withCounters({ sentResets: 90 }),
      conntrack: { entries: 99, limit: 100 },
      namespace: { isHostNetwork: false },
    };
    assert.deepEqual(
      findingsOf(host, HEALTHY).map(({ severity }) => severity),
      ['critical', 'warning', 'unknown'],
    );
  });
});
