import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { parsePageSize, readPageSize } from '../../../../src/platform/linux/procfs/page-size.ts';
import { fakeProcfs, RECORDED } from './fake-procfs.ts';

test('reads the page size of the recorded machine and of others', () => {
  assert.equal(readPageSize(RECORDED), 4096);
  assert.equal(parsePageSize('10000-20000 r-xp\nSize: 64 kB\nKernelPageSize:       64 kB\n', 'smaps'), 65536);
});

test('agrees with getconf on this machine', { skip: process.platform !== 'linux' && 'needs Linux' }, () => {
  assert.equal(readPageSize('/proc'), Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })));
});

test('says that smaps does not tell', (t) => {
  for (const text of ['', 'KernelPageSize: 0 kB\n', 'KernelPageSize: four kB\n', 'KernelPageSize: 4 MB\n']) {
    assert.throws(() => parsePageSize(text, 'smaps'), { message: 'smaps: no KernelPageSize in its first 4096 bytes' });
  }
  const procfs = fakeProcfs(t, { 'self/smaps': undefined });
  assert.throws(() => readPageSize(procfs), { message: `cannot read ${procfs}/self/smaps: ENOENT` });
});
