import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConntrack } from '../../../../src/platform/linux/procfs/conntrack.ts';
import { parseConntrackStat } from '../../../../src/platform/linux/procfs/conntrack-stat.ts';
import { fakeProcfs, RECORDED } from './fake-procfs.ts';

const COUNT = 'sys/net/netfilter/nf_conntrack_count';
const STAT = 'self/net/stat/nf_conntrack';
const NOTHING = { insertFailed: 0, drops: 0, earlyDrops: 0 };
const MAX = 'sys/net/netfilter/nf_conntrack_max';

test('reads the fill of the table', (t) => {
  assert.deepEqual(readConntrack(RECORDED), { entries: 0, limit: 262144, ...NOTHING });
  assert.deepEqual(readConntrack(fakeProcfs(t, { [COUNT]: '17\n' })), { entries: 17, limit: 262144, ...NOTHING });
});

test('knows nothing without the module, or where half of it does not show', (t) => {
  assert.equal(readConntrack(fakeProcfs(t, { 'sys/net/netfilter': undefined })), undefined);
  assert.equal(readConntrack(fakeProcfs(t, { [MAX]: undefined })), undefined);
  assert.equal(readConntrack(fakeProcfs(t, { [COUNT]: undefined })), undefined);
});

test('takes a limit of 0 for none', (t) => {
  assert.deepEqual(readConntrack(fakeProcfs(t, { [MAX]: '0\n' })), {
    entries: 0,
    limit: Number.POSITIVE_INFINITY,
    ...NOTHING,
  });
});

test('names the file that holds rubbish', (t) => {
  const procfs = fakeProcfs(t, { [COUNT]: '?\n' });
  assert.throws(() => readConntrack(procfs), { message: `${procfs}/${COUNT}: not an integer: "?"` });
});

test('adds up what each CPU refused, in hexadecimal and by the names of the columns', () => {
  // Linux 4.18
  const recent =
    'entries  searched found new invalid ignore delete delete_list insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart\n' +
    '000003ff  00000000 00000000 00000000 0000000c 000004d2 00000000 00000000 00000000 0000000a 00000010 00000000 00000002  00000000 00000000 00000000 00000007\n' +
    '000003ff  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 ffffffff 00000001 0000001f 00000000  00000000 00000000 00000000 00000000\n';
  assert.deepEqual(parseConntrackStat(recent, 'stat'), { insertFailed: 4_294_967_305, drops: 17, earlyDrops: 31 });
  assert.deepEqual(parseConntrackStat('drop insert_failed\n0000000b 00000003\n', 'stat'), {
    drops: 11,
    insertFailed: 3,
  });
});

test('knows only the fill where nothing tells what was refused', (t) => {
  assert.deepEqual(readConntrack(fakeProcfs(t, { [STAT]: undefined })), { entries: 0, limit: 262144 });
  assert.deepEqual(parseConntrackStat('entries found\n00000001 00000002\n', 'stat'), {});
  assert.deepEqual(parseConntrackStat('entries drop\n', 'stat'), {});
});

test('refuses a file that breaks off or does not fit its names', () => {
  const parse = (text: string) => () => parseConntrackStat(text, 'stat');
  assert.throws(parse('entries drop\n00000001 000000'), { message: /^stat: cut off: / });
  assert.throws(parse('entries drop\n00000001\n'), { message: 'stat, line 2: 1 values for 2 names' });
  assert.throws(parse('drop\n00000001\n-1\n'), { message: 'stat, line 3: not a hexadecimal number of 32 bits: "-1"' });
});
