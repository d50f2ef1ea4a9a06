import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Libc } from '../../../../src/platform/linux/libc/libc.ts';
import { openThreadTables } from '../../../../src/platform/linux/owners/thread-tables.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';

describe('openThreadTables', () => {
  it('lists threads by number, and asks the kernel about two of them', (t) => {
    const procfs = createProcfs(t, '7');
    for (const tid of [90, 100, 9]) mkdirSync(join(procfs, `9/task/${tid}`), { recursive: true });
    const asked: unknown[] = [];
    const answers = [0, 0, 1, 2, 3, -1];
    const { threadsOf, isSame } = openThreadTables(
      libcWith((...call) => {
        asked.push(call);
        return answers.shift()!;
      }),
      procfs,
    )!;
    assert.deepEqual([threadsOf(9), threadsOf(10)], [[9, 90, 100], []]);
    assert.deepEqual(
      Array.from({ length: 5 }, () => isSame(90, 100)),
      [true, false, false, false, true],
    );
    assert.deepEqual(asked.slice(0, 2), [
      [process.pid, process.pid, 2],
      [90, 100, 2],
    ]);
  });

  it('is missing where the kernel does not compare, or procfs has other numbers than it', (t) => {
    const same = () => 0;
    assert.equal(openThreadTables(libcWith(undefined), createProcfs(t, '7')), undefined);
    assert.equal(
      openThreadTables(
        libcWith(() => -1),
        createProcfs(t, '7'),
      ),
      undefined,
    );
    assert.equal(openThreadTables(libcWith(same), createProcfs(t, '4711\t7')), undefined, 'the host’s in a container');
    assert.equal(openThreadTables(libcWith(same), temporaryFolder(t)), undefined);
    assert.notEqual(openThreadTables(libcWith(same), createProcfs(t, '7')), undefined);
  });
});

function libcWith(kcmp: Libc['kcmp']): Libc {
  return { kcmp } as Partial<Libc> as Libc;
}

/** `numbers`: of this process, from the namespace of the mount down to its own. */
function createProcfs(t: TestContext, numbers: string): string {
  const procfs = temporaryFolder(t);
  mkdirSync(join(procfs, 'thread-self'));
  writeFileSync(join(procfs, 'thread-self/status'), `Name:\tnode\nNSpid:\t${numbers}\n`);
  return procfs;
}
