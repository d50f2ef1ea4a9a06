import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inodeOf, walkCgroups } from '../../../../src/platform/linux/cgroups/cgroup-walk.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';

const LIMITS = { directories: 100, milliseconds: 1000, now: () => 0 };

test('maps the inode number of every directory to its path, level by level', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'a/b/c'), { recursive: true });
  mkdirSync(join(folder, 'd'));
  writeFileSync(join(folder, 'a/file'), '');
  const { paths, isComplete } = walkCgroups(folder, '/', LIMITS);
  assert.equal(isComplete, true);
  assert.deepEqual(new Set(paths.values()), new Set(['/', '/a', '/d', '/a/b', '/a/b/c']));
  for (const [id, path] of paths) assert.equal(statSync(folder + path, { bigint: true }).ino, id);
});

test('puts the path of a mounted part in front', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'x'));
  assert.deepEqual([...walkCgroups(folder, '/docker/abc', LIMITS).paths.values()], ['/docker/abc', '/docker/abc/x']);
});

test('stops at the number of directories, the topmost first', (t) => {
  const folder = temporaryFolder(t);
  for (const name of ['a', 'b', 'c']) mkdirSync(join(folder, name, 'below'), { recursive: true });
  const { paths, isComplete } = walkCgroups(folder, '/', { ...LIMITS, directories: 4 });
  assert.equal(isComplete, false);
  assert.deepEqual([...paths.values()].sort(), ['/', '/a', '/b', '/c']);
});

test('stops when the time is up', (t) => {
  const folder = temporaryFolder(t);
  for (const name of ['a', 'b', 'c']) mkdirSync(join(folder, name));
  let clock = 0;
  const { paths, isComplete } = walkCgroups(folder, '/', { directories: 100, milliseconds: 2, now: () => clock++ });
  assert.deepEqual([paths.size, isComplete], [2, false]);
});

test('passes over directories removed meanwhile', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'a'));
  mkdirSync(join(folder, 'gone'));
  let calls = 0;
  const now = () => {
    if (++calls === 3) rmdirSync(join(folder, 'gone'));
    return 0;
  };
  const { paths, isComplete } = walkCgroups(folder, '/', { ...LIMITS, now });
  assert.deepEqual([[...paths.values()], isComplete], [['/', '/a'], true]);
  assert.equal(inodeOf(join(folder, 'gone')), undefined);
});
