import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings } from '../../../../src/platform/linux/procfs/settings.ts';
import { fakeProcfs, RECORDED } from './fake-procfs.ts';

test('reads every setting of a recorded kernel in its unit', () => {
  assert.deepEqual(readSettings(RECORDED), {
    tcpTwReuse: 2,
    tcpTwReuseDelaySeconds: 1,
    tcpTimestamps: 1,
    tcpFinTimeoutSeconds: 60,
    tcpMaxTwBuckets: 131072,
    tcpMaxSynBacklog: 2048,
    tcpSyncookies: 1,
    tcpAbortOnOverflow: 0,
    tcpSynRetries: 6,
    tcpSynackRetries: 5,
    tcpKeepaliveTimeSeconds: 7200,
    tcpMaxOrphans: 131072,
    somaxconn: 4096,
    fileMax: 2466170,
    fileNrOpen: 615,
    nrOpen: 1048576,
    timeWaitDurationSeconds: 60,
  });
});

test('turns the milliseconds of tcp_tw_reuse_delay into seconds', (t) => {
  const procfs = fakeProcfs(t, { 'sys/net/ipv4/tcp_tw_reuse_delay': '1500\n' });
  assert.equal(readSettings(procfs).tcpTwReuseDelaySeconds, 1.5);
});

test('reads what only other kernels have: how long TIME_WAIT lasts, and tcp_tw_recycle', (t) => {
  const procfs = fakeProcfs(t, { 'sys/net/ipv4/tcp_tw_timeout': '3\n', 'sys/net/ipv4/tcp_tw_recycle': '1\n' });
  const { timeWaitDurationSeconds, tcpTwRecycle } = readSettings(procfs);
  assert.deepEqual({ timeWaitDurationSeconds, tcpTwRecycle }, { timeWaitDurationSeconds: 3, tcpTwRecycle: 1 });
});

test('leaves out what this kernel or network namespace does not have', (t) => {
  const procfs = fakeProcfs(t, { 'sys/net': undefined, 'sys/fs/file-nr': undefined });
  assert.deepEqual(readSettings(procfs), { fileMax: 2466170, nrOpen: 1048576, timeWaitDurationSeconds: 60 });
});

test('names the file that holds rubbish', (t) => {
  const procfs = fakeProcfs(t, { 'sys/fs/file-nr': '512 0\n' });
  assert.throws(() => readSettings(procfs), { message: `${procfs}/sys/fs/file-nr: not 3 integer(s): "512 0"` });
});
