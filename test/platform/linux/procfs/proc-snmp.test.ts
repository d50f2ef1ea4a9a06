import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSnmp, readSnmp } from '../../../../src/platform/linux/procfs/proc-snmp.ts';
import { fakeProcfs, RECORDED } from './fake-procfs.ts';

test('reads the TCP-MIB counters of a recorded kernel', () => {
  assert.deepEqual(readSnmp(RECORDED), {
    activeOpens: 142,
    passiveOpens: 4,
    attemptFails: 0,
    estabResets: 1,
    inSegments: 18999,
    outSegments: 12576,
    retransmittedSegments: 1,
    inErrors: 0,
    sentResets: 253,
  });
});

test('takes the Tcp lines and no others', () => {
  const text = 'TcpX: ActiveOpens\nTcpX: 7\nTcp: ActiveOpens PassiveOpens\nTcp: 1 2\nUdp: ActiveOpens\nUdp: 9\n';
  assert.deepEqual(parseSnmp(text, 'snmp'), { activeOpens: 1, passiveOpens: 2 });
});

test('says that the file has no TCP counters', () => {
  assert.throws(() => parseSnmp('Ip: Forwarding\nIp: 1\n', '/proc/net/snmp'), {
    message: '/proc/net/snmp: no "Tcp:" lines',
  });
});

test('says that the file is missing', (t) => {
  const procfs = fakeProcfs(t, { 'self/net/snmp': undefined });
  assert.throws(() => readSnmp(procfs), {
    message: `${procfs}/self/net/snmp is missing: does --path.procfs name a mounted procfs?`,
  });
});
