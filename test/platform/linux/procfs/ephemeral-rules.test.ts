import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEphemeralRules } from '../../../../src/platform/linux/procfs/ephemeral-rules.ts';
import { fakeProcfs, RECORDED } from './fake-procfs.ts';

test('reads the rules of a recorded kernel, one range for both families', () => {
  const range = { first: 32768, last: 60999, excluded: [] };
  assert.deepEqual(readEphemeralRules(RECORDED), {
    ranges: { ipv4: range, ipv6: range },
    heldAgainst: 'destination',
    timeWaitReuse: { scope: 'loopback', afterMs: 1000 },
    timeWaitMs: 60000,
  });
});

test('takes reserved ports out', (t) => {
  const procfs = fakeProcfs(t, {
    'sys/net/ipv4/ip_local_port_range': '1024\t65535\n',
    'sys/net/ipv4/ip_local_reserved_ports': '8080,9148-9150\n',
  });
  assert.deepEqual(readEphemeralRules(procfs).ranges.ipv4, {
    first: 1024,
    last: 65535,
    excluded: [
      { first: 8080, last: 8080 },
      { first: 9148, last: 9150 },
    ],
  });
});

test('has no IPv6 range where IPv6 is not there', (t) => {
  const without = {
    'booted with ipv6.disable=1': { 'self/net/if_inet6': undefined, 'sys/net/ipv6': undefined },
    'no address file': { 'self/net/if_inet6': undefined },
    'no settings': { 'sys/net/ipv6': undefined },
    'disabled everywhere': { 'sys/net/ipv6/conf/all/disable_ipv6': '1\n', 'self/net/if_inet6': '' },
  };
  for (const [name, changes] of Object.entries(without)) {
    assert.deepEqual(Object.keys(readEphemeralRules(fakeProcfs(t, changes)).ranges), ['ipv4'], name);
  }
});

test('has an IPv6 range where an address is, or may yet come', (t) => {
  const withIpv6 = {
    'disabled, but an interface has an address': { 'sys/net/ipv6/conf/all/disable_ipv6': '1\n' },
    'all interfaces down': { 'self/net/if_inet6': '' },
  };
  for (const [name, changes] of Object.entries(withIpv6)) {
    assert.deepEqual(Object.keys(readEphemeralRules(fakeProcfs(t, changes)).ranges), ['ipv4', 'ipv6'], name);
  }
});

test('tells when connect() may take a TIME_WAIT port', (t) => {
  const reuse = (changes: Record<string, string | undefined>) =>
    readEphemeralRules(
      fakeProcfs(t, Object.fromEntries(Object.entries(changes).map(([name, text]) => [`sys/net/ipv4/${name}`, text]))),
    ).timeWaitReuse;
  assert.deepEqual(reuse({ tcp_tw_reuse: '0\n' }), { scope: 'never', afterMs: 1000 });
  assert.deepEqual(reuse({ tcp_tw_reuse: '1\n' }), { scope: 'always', afterMs: 1000 });
  assert.deepEqual(reuse({ tcp_tw_reuse: '1\n', tcp_tw_reuse_delay: '250\n' }), { scope: 'always', afterMs: 250 });
  assert.deepEqual(reuse({ tcp_tw_reuse: '1\n', tcp_tw_reuse_delay: undefined }), { scope: 'always', afterMs: 1000 });
  const without = { scope: 'always', afterMs: 1000, isWithoutTimestamps: true };
  assert.deepEqual(reuse({ tcp_tw_reuse: '1\n', tcp_timestamps: '0\n' }), without);
  assert.deepEqual(reuse({ tcp_tw_reuse: '1\n', tcp_timestamps: '2\n' }), { scope: 'always', afterMs: 1000 });
});

test('sockets stay in TIME_WAIT for as long as a kernel that lets it be set says', (t) => {
  assert.equal(readEphemeralRules(fakeProcfs(t, { 'sys/net/ipv4/tcp_tw_timeout': '240\n' })).timeWaitMs, 240_000);
});

test('names the file of a range that cannot be', (t) => {
  const name = 'sys/net/ipv4/ip_local_port_range';
  for (const text of ['60999 32768', '1 65536', '-1 9']) {
    const procfs = fakeProcfs(t, { [name]: text });
    assert.throws(() => readEphemeralRules(procfs), {
      message: `${procfs}/${name}: not a range of ports: ${text.replace(' ', '–')}`,
    });
  }
  const procfs = fakeProcfs(t, { [name]: undefined });
  assert.throws(() => readEphemeralRules(procfs), {
    message: `${procfs}/${name} is missing: does --path.procfs name a mounted procfs?`,
  });
});

test('names the file of reserved ports that cannot be', (t) => {
  const name = 'sys/net/ipv4/ip_local_reserved_ports';
  const procfs = fakeProcfs(t, { [name]: '80,x\n' });
  assert.throws(() => readEphemeralRules(procfs), {
    message: `${procfs}/${name}: not a port or an interval of ports: "x"`,
  });
});
