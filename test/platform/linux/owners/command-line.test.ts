import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadLibc } from '../../../../src/platform/linux/libc/libc.ts';
import { createCommandLineReader, splitArguments } from '../../../../src/platform/linux/owners/command-line.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';

const MOST_BYTES = 32_768;

describe('splitArguments', () => {
  it('takes arguments as they are, empty ones too, and a title that a program wrote over them as one', () => {
    const split = (text: string) => splitArguments(Buffer.from(text));
    assert.deepEqual(split('java\0-cp\0\0a b\0'), ['java', '-cp', '', 'a b']);
    assert.deepEqual(split('nginx: worker process\0\0\0\0'), ['nginx: worker process']);
    assert.deepEqual(split('no end'), ['no end']);
    assert.deepEqual([split(''), split('\0\0')], [[], []]);
  });
});

describe('createCommandLineReader', () => {
  it('reads so much and no more, and leaves out an argument that may be cut', (t) => {
    const procfs = temporaryFolder(t);
    mkdirSync(join(procfs, '7/task/8'), { recursive: true });
    writeFileSync(join(procfs, '7/cmdline'), '');
    writeFileSync(join(procfs, '7/task/8/cmdline'), `java\0${'x'.repeat(MOST_BYTES - 10)}\0yyyyyyyy\0`);
    const read = createCommandLineReader(loadLibc(), procfs);
    assert.deepEqual(read('7'), [], 'a kernel thread');
    assert.deepEqual(
      read('7/task/8')!.map(({ length }) => length),
      [4, MOST_BYTES - 10],
    );
    assert.equal(read('9'), undefined);
  });

  it('agrees with what the kernel tells of this process', () => {
    const args = createCommandLineReader(loadLibc(), '/proc')(String(process.pid));
    assert.deepEqual(args, readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1));
  });
});
