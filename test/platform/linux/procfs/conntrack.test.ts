import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConntrack } from '../../../../src/platform/linux/procfs/conntrack.ts';
import { fakeProcfs, RECORDED } from './fake-procfs.ts';

const COUNT = 'sys/net/netfilter/nf_conntrack_count';
const MAX = 'sys/net/netfilter/nf_conntrack_max';

test('reads the fill of the table', (t) => {
  assert.deepEqual(readConntrack(RECORDED), { entries: 0, limit: 262144 });
  assert.deepEqual(readConntrack(fakeProcfs(t, { [COUNT]: '17\n' })), { entries: 17, limit: 262144 });
});

test('knows nothing without the module, or where half of it does not show', (t) => {
  assert.equal(readConntrack(fakeProcfs(t, { 'sys/net/netfilter': undefined })), undefined);
  assert.equal(readConntrack(fakeProcfs(t, { [MAX]: undefined })), undefined);
  assert.equal(readConntrack(fakeProcfs(t, { [COUNT]: undefined })), undefined);
});

test('takes a limit of 0 for none', (t) => {
  assert.deepEqual(readConntrack(fakeProcfs(t, { [MAX]: '0\n' })), { entries: 0, limit: Number.POSITIVE_INFINITY });
});

test('names the file that holds rubbish', (t) => {
  const procfs = fakeProcfs(t, { [COUNT]: '?\n' });
  assert.throws(() => readConntrack(procfs), { message: `${procfs}/${COUNT}: not an integer: "?"` });
});
