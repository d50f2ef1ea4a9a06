import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInForeground, parseIsForeground } from '../../../../src/platform/linux/procfs/foreground.ts';

/** pid, name, state, then parent, process group, session, terminal, and the group that has the terminal. */
const inFront = '4711 (node) S 4000 4711 4000 34816 4711 4194304 1';
const behind = '4711 (node) S 4000 4711 4000 34816 4000 4194304 1';

test('a process is in the foreground if its group has the terminal', () => {
  assert.deepEqual([parseIsForeground(inFront), parseIsForeground(behind)], [true, false]);
});

test('a name may look like what follows it', () => {
  const name = '(a) S 1 7 1 1 8 ';
  assert.deepEqual(
    [inFront, behind].map((stat) => parseIsForeground(stat.replace('node', name))),
    [true, false],
  );
});

test('where nothing can be read, it is taken for the foreground', () => {
  assert.equal(isInForeground('/nowhere'), true);
});
