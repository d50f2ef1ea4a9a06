import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseKernelCount, parseKernelInteger } from '../../../../src/platform/linux/procfs/kernel-number.ts';
import { readSysctl, readSysctlList } from '../../../../src/platform/linux/procfs/sysctl.ts';
import { fakeProcfs, RECORDED } from './fake-procfs.ts';

test('reads one integer or several', () => {
  assert.equal(readSysctl(RECORDED, 'net/core/somaxconn'), 4096);
  assert.deepEqual(readSysctlList(RECORDED, 'net/ipv4/tcp_mem', 3), [287898, 383867, 575796]);
});

test('takes negative numbers and the largest of 64 bits', (t) => {
  const procfs = fakeProcfs(t, { 'sys/fs/file-max': '9223372036854775807\n', 'sys/net/ipv4/odd': '-1\n' });
  assert.equal(readSysctl(procfs, 'fs/file-max'), 2 ** 63);
  assert.equal(readSysctl(procfs, 'net/ipv4/odd'), -1);
});

test('is undefined where there is no such file', () => {
  assert.equal(readSysctl(RECORDED, 'net/ipv4/no_such_setting'), undefined);
  assert.equal(readSysctl(RECORDED, 'net/core/somaxconn/below'), undefined);
});

test('names the file that holds rubbish', (t) => {
  const procfs = fakeProcfs(t, { 'sys/a': 'many\n', 'sys/b': '1 2\n', 'sys/c': '' });
  assert.throws(() => readSysctl(procfs, 'a'), { message: `${procfs}/sys/a: not an integer: "many"` });
  assert.throws(() => readSysctl(procfs, 'b'), { message: `${procfs}/sys/b: not 1 integer(s): "1 2"` });
  assert.throws(() => readSysctl(procfs, 'c'), { message: `${procfs}/sys/c: not an integer: ""` });
  assert.throws(() => readSysctlList(procfs, 'b', 3), { message: `${procfs}/sys/b: not 3 integer(s): "1 2"` });
});

test('names the file that cannot be read, and keeps the cause', (t) => {
  const procfs = fakeProcfs(t, {});
  mkdirSync(join(procfs, 'sys/folder'));
  assert.throws(
    () => readSysctl(procfs, 'folder'),
    (error: Error) => {
      assert.equal(error.message, `cannot read ${procfs}/sys/folder: EISDIR`);
      assert.equal((error.cause as { code: string }).code, 'EISDIR');
      return true;
    },
  );
});

test('parses every 64-bit number and nothing else', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
      assert.equal(parseKernelInteger(`${value}`, 'x'), Number(value));
      assert.equal(parseKernelCount(`${value}`, 'x'), value < 0n ? undefined : Number(value));
    }),
  );
  fc.assert(
    fc.property(
      fc.string().filter((text) => !/^-?\d+$/.test(text)),
      (text) => assert.throws(() => parseKernelInteger(text, 'here'), /^Error: here: not an integer: /),
    ),
  );
});
