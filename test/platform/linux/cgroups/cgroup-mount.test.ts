import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { findCgroupMount, parseCgroupMounts } from '../../../../src/platform/linux/cgroups/cgroup-mount.ts';
import { RECORDED, temporaryFolder } from '../procfs/fake-procfs.ts';

test('finds the cgroup2 mount of a recorded hybrid machine', () => {
  assert.deepEqual(parseCgroupMounts(readFileSync(join(RECORDED, 'self/mountinfo'), 'utf8')), [
    { directory: '/sys/fs/cgroup/unified', cgroup: '/', climbs: 0 },
  ]);
});

test('reads mountinfo of other machines', () => {
  const lines = [
    '29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate',
    '31 22 0:26 /docker/abc /mnt/my\\040cgroups ro shared:1 master:2 - cgroup2 cgroup rw',
    '32 22 0:26 /../.. /host/sys/fs/cgroup ro,relatime master:1 - cgroup2 cgroup rw',
    '35 22 0:26 /../other /beside ro,relatime master:1 - cgroup2 cgroup rw',
    '33 22 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    '34 22 0:28 / /fake rw - tmpfs cgroup2 rw',
    'rubbish - cgroup2 x',
    '',
  ];
  assert.deepEqual(parseCgroupMounts(lines.join('\n')), [
    { directory: '/sys/fs/cgroup', cgroup: '/', climbs: 0 },
    { directory: '/mnt/my cgroups', cgroup: '/docker/abc', climbs: 0 },
    { directory: '/host/sys/fs/cgroup', cgroup: '/', climbs: 2 },
    { directory: '/beside', cgroup: '/', climbs: Number.NaN },
  ]);
});

test('meets any mountinfo without an error', () => {
  const word = fc.constantFrom('29', '0:26', '/', '/a', ' - ', 'cgroup2', ' ', '\n', '\\040', '\\');
  fc.assert(
    fc.property(fc.array(word), (words) => {
      for (const mount of parseCgroupMounts(words.join(' '))) assert.ok(mount.directory.startsWith('/'));
    }),
  );
});

test('takes the mount below sysfs, unified or hybrid', (t) => {
  for (const place of ['fs/cgroup', 'fs/cgroup/unified']) {
    const sysfs = temporaryFolder(t);
    const directory = makeCgroup(sysfs, place);
    assert.deepEqual(findCgroupMount(sysfs, sysfs), { directory, cgroup: '/', climbs: 0 });
  }
});

test('knows from mountinfo which part of the tree is mounted, and where else one is', (t) => {
  const folder = temporaryFolder(t);
  const other = makeCgroup(folder, 'other');
  writeMountinfo(folder, `31 22 0:26 /docker/abc ${other} ro - cgroup2 cgroup rw\n`);
  assert.deepEqual(findCgroupMount(folder, folder), { directory: other, cgroup: '/docker/abc', climbs: 0 });
  const usual = makeCgroup(folder, 'fs/cgroup');
  writeMountinfo(
    folder,
    `31 22 0:26 / ${other} ro - cgroup2 cgroup rw\n32 22 0:26 /x ${usual} ro - cgroup2 cgroup rw\n`,
  );
  assert.deepEqual(findCgroupMount(folder, folder), { directory: usual, cgroup: '/x', climbs: 0 });
});

test('finds none where only cgroup v1 is mounted', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'fs/cgroup/memory'), { recursive: true });
  writeMountinfo(folder, `31 22 0:26 / ${folder}/fs/cgroup ro - cgroup2 cgroup rw\n`);
  assert.equal(findCgroupMount(folder, folder), undefined);
});

function makeCgroup(folder: string, place: string): string {
  const directory = join(folder, place);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'cgroup.controllers'), '');
  return directory;
}

function writeMountinfo(procfs: string, text: string): void {
  mkdirSync(join(procfs, 'self'), { recursive: true });
  writeFileSync(join(procfs, 'self/mountinfo'), text);
}
