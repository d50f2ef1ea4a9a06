import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collectorsOf } from '../../src/model/collectors.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Comparison } from '../../src/self-check/compare.ts';
import { type Checked, formatReport } from '../../src/self-check/report.ts';
import { LINUX_SNAPSHOT, WINDOWS_SNAPSHOT } from '../support/pages/snapshots.ts';

const AGREED: Comparison = {
  reference: { name: 'netstat -ano', ownerIs: 'pid' },
  sockets: 12,
  rounds: 1,
  disagreements: [],
  unknownStateWords: new Map(),
};
const WRONG = { what: 'listen 0.0.0.0:80 0.0.0.0:0 pid 4', ours: 0, before: 1, after: 2 };

describe('the report', () => {
  it('tells what each collector of Linux found', () => {
    const { text, isGood } = formatReport(checked('linux', LINUX_SNAPSHOT));
    assert.equal(isGood, true);
    const [collectors] = text.split('\n\n');
    assert.equal(
      collectors,
      `Collectors
  ok        ephemeral_ports (procfs): ipv4: 32768-60999, 28222 ports, excluded 50000-50009, 8276 used, 2 blocked, utilization 28.8 %
            ipv6: 32768-60999, 28222 ports, excluded 50000-50009, 0 used, 0 blocked, utilization 0.0 %
  ok        counters (procfs): 37 counters
  ok        memory (procfs): allocated 1471, orphans 5, orphan_limit 65536, bytes 3145728
            limit_bytes 772521984
  ok        conntrack (procfs): 9604 of 262144 entries
  ok        settings (procfs): tcp_tw_reuse 2, tcp_tw_reuse_delay_seconds 1, tcp_tw_recycle 0, tcp_timestamps 1
            tcp_fin_timeout_seconds 60, tcp_max_tw_buckets 65536, tcp_max_syn_backlog 1024, tcp_syncookies 1
            tcp_abort_on_overflow 0, tcp_syn_retries 6, tcp_synack_retries 5, tcp_keepalive_time_seconds 7200
            tcp_max_orphans 65536, somaxconn 4096, file_max 9223372036854776000, file_nr_open 6176
            nr_open 1048576, time_wait_duration_seconds 60
  ok        namespace (procfs): the host's network namespace
            the host's pid namespace
  ok        sockets (sock_diag): 9607 sockets, by state below
            bound sockets are seen
            accept queues: 8, with their limit: 8
  ok        processes (procfs): 1506 of 9607 sockets have their process (15.7 %)
            without one, by reason: kernel 8101
            process names whose open descriptors or handles are known: 5
            the largest: feed-poller 955, api 811, nginx 540
  ok        units (cgroup2): 1507 of 9607 sockets have a unit (15.7 %)
            the largest: nginx.service 1318, api.service 184, ssh.service 4
  ok        close_wait (sock_diag): the oldest socket in CLOSE_WAIT has waited for at least 5321.5 s
  ok        netns (procfs): 5 other network namespaces, 1 of pods
            1 named in /run/netns, and without a process
  ok        connection_events (bpf): since the exporter attached its programs: connections to 2 destinations, at 1 ports`,
    );
  });

  it('tells what each collector of Windows found, and what is absent there', () => {
    const { text } = formatReport(checked('windows', WINDOWS_SNAPSHOT));
    for (const line of [
      '  ok        ephemeral_ports (netsh): ipv4: 49152-65535, 15884 ports, excluded 50000-50499, 2146 used, 9 blocked, utilization 13.5 %',
      '  ok        settings (registry): tcp_timed_wait_delay_seconds 30, max_user_port 65534, time_wait_duration_seconds 30',
      '  ok        port_exhaustion_events (wevtutil): since this check began: event 4227 3, event 4231 1',
      '            bound sockets are seen',
      '            accept queues are not known',
      '  ok        processes (toolhelp): 266 of 2366 sockets have their process (11.2 %)',
    ]) {
      assert.ok(text.includes(`\n${line}\n`), `${line}\n---\n${text}`);
    }
    assert.match(text, /\n {2}time_wait {8}2210 {7}30\n/);
  });

  it('says of a collector that fails why, and a hint; and the result is bad', () => {
    const outcomes = LINUX_SNAPSHOT.outcomes.map((outcome) =>
      outcome.collector === 'units' ? { ...outcome, success: false, error: 'cannot read x: EACCES' } : outcome,
    );
    const { text, isGood } = formatReport(checked('linux', { ...LINUX_SNAPSHOT, outcomes }));
    assert.equal(isGood, false);
    assert.match(
      text,
      /\n {2}FAILED {4}units \(cgroup2\): cannot read x: EACCES\n {12}hint: check that --path\.sysfs names /,
    );
    assert.match(text, /\nResult: 1 of 12 collectors failed\n$/);
  });

  it('says of a collector that has nothing to tell why, and which ones are off; that is no failure', () => {
    const { conntrack: _, ...rest } = LINUX_SNAPSHOT;
    const found = checked('linux', rest);
    const { text, isGood } = formatReport({
      ...found,
      collectors: new Set([...found.collectors].filter((n) => n !== 'memory')),
    });
    assert.equal(isGood, true);
    assert.match(text, /\n {2}absent {4}conntrack: connection tracking is not loaded /);
    assert.match(text, /\n {2}off {7}memory\n/);
  });

  it('says that bound sockets are not seen, and shows their state as absent', () => {
    const states = LINUX_SNAPSHOT.sockets!.states!;
    const unseen = { ipv4: states.ipv4.with(13, undefined), ipv6: states.ipv6.with(13, undefined) };
    const sockets = { ...LINUX_SNAPSHOT.sockets, states: unseen };
    const { text } = formatReport(checked('linux', { ...LINUX_SNAPSHOT, sockets }));
    assert.match(text, /\n {12}bound sockets are not seen: the state bound is absent\n/);
    assert.match(text, /\n {2}bound {10}absent {3}absent\n/);
  });

  it('tells what agrees', () => {
    const { text } = formatReport(checked('linux', LINUX_SNAPSHOT, [AGREED]));
    assert.match(
      text,
      /\nCompared with netstat -ano\n {2}ok {8}12 sockets agree in state, both ends and pid\n\nResult: all is well\n$/,
    );
  });

  it('lists what disagrees with all numbers, but no more than thirty', () => {
    const many = Array.from({ length: 33 }, (_, index) => ({ ...WRONG, what: `x${index}` }));
    const comparison = { ...AGREED, rounds: 5, disagreements: [WRONG, ...many] };
    const { text, isGood } = formatReport(checked('linux', LINUX_SNAPSHOT, [comparison]));
    assert.equal(isGood, false);
    assert.match(text, /\n {2}DISAGREES in each of 5 rounds; /);
    assert.match(text, /\n {12}listen 0\.0\.0\.0:80 0\.0\.0\.0:0 pid 4: exporter 0, other reader 1, then 2\n/);
    assert.equal(text.match(/: exporter /g)!.length, 30);
    assert.match(text, /\n {12}and 4 more\n\nResult: the sockets disagree with another reader of them\n$/);
  });

  it('tells unknown words for states, and what we see there', () => {
    const unknownStateWords = new Map([['OPEN', new Map([['established', 3]])]]);
    const { text, isGood } = formatReport(checked('linux', LINUX_SNAPSHOT, [{ ...AGREED, unknownStateWords }]));
    assert.equal(isGood, true);
    assert.match(text, /\n {2}not done {2}unknown word "OPEN" for a state: .*; the exporter says: established 3\n/);
  });

  it('tells what could not be compared, and whether that is bad', () => {
    const unable = { reason: 'netstat printed nothing', isFailure: true };
    const bad = formatReport(checked('linux', LINUX_SNAPSHOT, [{ ...AGREED, unable }]));
    assert.match(bad.text, /\n {2}FAILED {4}netstat printed nothing\n\nResult: the other reader .* does not work\n$/);
    assert.equal(bad.isGood, false);
    const fine = formatReport(
      checked('linux', LINUX_SNAPSHOT, [{ ...AGREED, unable: { ...unable, isFailure: false } }]),
    );
    assert.match(
      fine.text,
      /\n {2}not done {2}netstat printed nothing\n\nResult: no collector fails, but nothing was compared\n$/,
    );
    assert.equal(fine.isGood, true);
  });

  it('is bad where the exporter is known not to see the host, and gives a hint, or how to say that it is meant', () => {
    const snapshot = { ...LINUX_SNAPSHOT, namespace: { isHostNetwork: false, isHostPid: false } };
    const { text, isGood } = formatReport(checked('linux', snapshot));
    assert.equal(isGood, false);
    assert.match(
      text,
      /\n {2}WRONG {5}namespace \(procfs\): NOT the host's network namespace\n {12}NOT the host's pid namespace\n {12}hint: .*hostNetwork\)\n {12}hint: .*hostPID\).*\n {12}hint: .*--no-collector\.namespace\n/,
    );
    assert.match(text, /\nResult: it does not see the host \(see namespace\)\n$/);
  });

  it('does not ask for the processes of the host where owners are off', () => {
    const found = checked('linux', { ...LINUX_SNAPSHOT, namespace: { isHostPid: false } });
    assert.equal(formatReport(found).isGood, false);
    const collectors = new Set([...found.collectors].filter((name) => name !== 'processes'));
    assert.equal(formatReport({ ...found, collectors }).isGood, true);
  });

  it('repeats what the platform says at start', () => {
    const notices = [{ level: 'warn', message: 'CAP_SYS_PTRACE missing' }] as const;
    const { text } = formatReport({ ...checked('linux', LINUX_SNAPSHOT), notices });
    assert.match(text, /\nWhat the collectors say at start\n {2}warn {6}CAP_SYS_PTRACE missing\n/);
  });
});

function checked(platform: 'linux' | 'windows', snapshot: Snapshot, comparisons: readonly Comparison[] = []): Checked {
  const knownCollectors = collectorsOf(platform).map(({ name }) => name);
  return { platform, snapshot, knownCollectors, collectors: new Set(knownCollectors), notices: [], comparisons };
}
