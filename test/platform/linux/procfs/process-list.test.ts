import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPidList, listPids } from '../../../../src/platform/linux/procfs/process-list.ts';
import { temporaryFolder } from './fake-procfs.ts';

test('lists processes and nothing else of a procfs', (t) => {
  const procfs = temporaryFolder(t);
  for (const name of ['1', '4194304', 'self', 'sys', 'thread-self']) mkdirSync(join(procfs, name));
  assert.deepEqual(listPids(procfs).sort(), [1, 4194304]);
});

test('names what it cannot list', () => {
  assert.throws(() => listPids('/nowhere'), /cannot read \/nowhere: ENOENT/);
});

test('is read once for all who ask with the budget of one scrape', (t) => {
  const procfs = temporaryFolder(t);
  const list = createPidList(procfs);
  const [first, second] = [{}, {}];
  mkdirSync(join(procfs, '7'));
  assert.deepEqual(list(first), [7]);
  mkdirSync(join(procfs, '8'));
  assert.deepEqual([[...list(first)], [...list(second)].sort()], [[7], [7, 8]]);
});
