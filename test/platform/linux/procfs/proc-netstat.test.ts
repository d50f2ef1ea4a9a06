import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNetstat, readNetstat } from '../../../../src/platform/linux/procfs/proc-netstat.ts';
import { fakeProcfs, RECORDED } from './fake-procfs.ts';

test('reads the TcpExt counters of a recorded kernel', () => {
  assert.deepEqual(readNetstat(RECORDED), {
    listenOverflows: 0,
    listenDrops: 0,
    embryonicResets: 0,
    timeWaitEntered: 14,
    timeWaitReused: 0,
    timeWaitOverflows: 0,
    syncookiesSent: 0,
    syncookiesReceived: 0,
    syncookiesFailed: 0,
    requestQueueFullDrops: 0,
    requestQueueFullCookies: 0,
    synChallenges: 0,
    pawsActiveRejects: 0,
    pawsEstablishedRejects: 0,
    pawsOldAcks: 0,
    pawsTimeWaitRejects: 0,
    timestampEchoRejects: 0,
    abortOnMemory: 0,
    abortOnTimeout: 0,
    abortOnClose: 1,
    abortOnData: 126,
    abortOnLinger: 0,
    abortFailed: 0,
    retransmissionTimeouts: 2,
    synRetransmits: 0,
    memoryPressures: 0,
    socketBacklogDrops: 0,
  });
});

test('leaves out what an old kernel does not count', () => {
  const text =
    'TcpExt: SyncookiesSent SyncookiesRecv SyncookiesFailed TW TWRecycled TWKilled PAWSPassive PAWSActive PAWSEstab ListenOverflows ListenDrops TCPAbortOnMemory\n' +
    'TcpExt: 3 2 1 279722 168 0 7 0 9 42 12 5\n' +
    'IpExt: InNoRoutes\nIpExt: 8\n';
  assert.deepEqual(parseNetstat(text, 'netstat'), {
    listenOverflows: 42,
    listenDrops: 12,
    timeWaitEntered: 279722,
    timeWaitReused: 168,
    syncookiesSent: 3,
    syncookiesReceived: 2,
    syncookiesFailed: 1,
    pawsPassiveRejects: 7,
    pawsActiveRejects: 0,
    pawsEstablishedRejects: 9,
    abortOnMemory: 5,
  });
});

test('maps each counter to a column of its own', () => {
  const names = parseNetstat('TcpExt: \nTcpExt: \n', 'netstat');
  assert.deepEqual(names, {});
  const columns = (
    'ListenOverflows ListenDrops TW TWRecycled TCPTimeWaitOverflow SyncookiesSent SyncookiesRecv SyncookiesFailed ' +
    'TCPReqQFullDrop TCPReqQFullDoCookies TCPSYNChallenge TCPAbortOnMemory TCPAbortOnTimeout TCPAbortOnClose ' +
    'TCPAbortOnData TCPAbortOnLinger TCPAbortFailed TCPTimeouts TCPSynRetrans TCPMemoryPressures TCPBacklogDrop PAWSActive PAWSPassive ' +
    'PAWSEstab PAWSOldAck PAWSTimewait TSEcrRejected EmbryonicRsts'
  ).split(' ');
  const values = columns.map((_, index) => index + 1);
  const counters = parseNetstat(`TcpExt: ${columns.join(' ')}\nTcpExt: ${values.join(' ')}\n`, 'netstat');
  assert.deepEqual(counters, {
    listenOverflows: 1,
    listenDrops: 2,
    timeWaitEntered: 3,
    timeWaitReused: 4,
    timeWaitOverflows: 5,
    syncookiesSent: 6,
    syncookiesReceived: 7,
    syncookiesFailed: 8,
    requestQueueFullDrops: 9,
    requestQueueFullCookies: 10,
    synChallenges: 11,
    abortOnMemory: 12,
    abortOnTimeout: 13,
    abortOnClose: 14,
    abortOnData: 15,
    abortOnLinger: 16,
    abortFailed: 17,
    retransmissionTimeouts: 18,
    synRetransmits: 19,
    memoryPressures: 20,
    socketBacklogDrops: 21,
    pawsActiveRejects: 22,
    pawsPassiveRejects: 23,
    pawsEstablishedRejects: 24,
    pawsOldAcks: 25,
    pawsTimeWaitRejects: 26,
    timestampEchoRejects: 27,
    embryonicResets: 28,
  });
});

test('knows nothing where the kernel prints names without values, or has no such file', (t) => {
  assert.deepEqual(parseNetstat('TcpExt: SyncookiesSent ListenDrops\n', 'netstat'), {});
  assert.deepEqual(parseNetstat('IpExt: InNoRoutes\nIpExt: 8\n', 'netstat'), {});
  assert.deepEqual(readNetstat(fakeProcfs(t, { 'self/net/netstat': undefined })), {});
});
