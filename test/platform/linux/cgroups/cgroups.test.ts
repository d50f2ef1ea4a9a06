import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createUnitResolver } from '../../../../src/platform/linux/cgroups/cgroups.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';

test('names the groups below the mount', (t) => {
  const tree = makeTree(t);
  const nginx = tree.add('system.slice/nginx.service');
  const batch = tree.add('batch');
  const units = tree.resolver();
  assert.deepEqual([units.nameOf(nginx), units.nameOf(batch)], ['nginx.service', '/batch']);
});

test('cannot name what is not below the mount, no id, and a root that is not the real one', (t) => {
  const tree = makeTree(t);
  const units = tree.resolver();
  assert.deepEqual(
    [units.nameOf(2n ** 40n), units.nameOf(0n), units.nameOf(tree.rootId)],
    [undefined, undefined, undefined],
  );
});

test('sees a new group when a second has gone by', (t) => {
  const tree = makeTree(t);
  const units = tree.resolver();
  assert.equal(units.nameOf(tree.add('a.service')), 'a.service');
  const late = tree.add('late.service');
  tree.clock += 999;
  assert.equal(units.nameOf(late), undefined);
  tree.clock += 1;
  assert.equal(units.nameOf(late), 'late.service');
});

test('walks once a minute at most for ids it did not find', (t) => {
  const tree = makeTree(t);
  const units = tree.resolver();
  const [a, b] = [tree.add('a.service'), tree.add('b.service')];
  tree.hide();
  const ask = () => [units.nameOf(a), units.nameOf(b)];
  ask(); // a causes a walk
  tree.clock += 1000;
  ask(); // b, asked in the pause before, causes another
  tree.show();
  for (let second = 0; second < 59; second++) {
    tree.clock += 1000;
    assert.deepEqual(ask(), [undefined, undefined], `after ${second} s`);
  }
  tree.clock += 1000;
  assert.deepEqual(ask(), ['a.service', 'b.service']);
});

test('a walk for a new id finds the missed ones too', (t) => {
  const tree = makeTree(t);
  const units = tree.resolver();
  const missed = tree.add('a.service');
  tree.hide();
  assert.equal(units.nameOf(missed), undefined);
  tree.show();
  tree.clock += 1000;
  assert.equal(units.nameOf(tree.add('b.service')), 'b.service');
  assert.equal(units.nameOf(missed), 'a.service');
});

test('keeps the name of a removed group once it was asked for', (t) => {
  const tree = makeTree(t);
  const units = tree.resolver();
  const id = tree.add('old.service');
  assert.equal(units.nameOf(id), 'old.service');
  rmdirSync(join(tree.root, 'old.service'));
  tree.clock += 120_000;
  assert.equal(units.nameOf(123456789n), undefined);
  assert.equal(units.nameOf(id), 'old.service');
});

test('keeps what it knew when a walk ends before it has seen all', (t) => {
  const tree = makeTree(t);
  const units = tree.resolver();
  const [asked, other] = [tree.add('a.service'), tree.add('b.service')];
  assert.equal(units.nameOf(asked), 'a.service');
  tree.clock += 1000;
  tree.step = 400; // the clock moves on at each look: a walk's 500 ms are over behind the first directory
  const late = tree.add('late.service');
  assert.equal(units.nameOf(late), undefined);
  tree.step = 0;
  assert.equal(units.nameOf(other), 'b.service');
});

test('there is no resolver without cgroup2', (t) => {
  const folder = temporaryFolder(t);
  assert.equal(createUnitResolver({ procfs: folder, sysfs: folder }), undefined);
});

function makeTree(t: TestContext) {
  const folder = temporaryFolder(t);
  const root = join(folder, 'fs/cgroup');
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'cgroup.controllers'), '');
  const inode = (path: string) => statSync(path, { bigint: true }).ino;
  const tree = {
    root,
    rootId: inode(root),
    clock: 0,
    step: 0,
    add(name: string): bigint {
      mkdirSync(join(root, name), { recursive: true });
      return inode(join(root, name));
    },
    hide: () => renameSync(root, `${root}.hidden`),
    show: () => renameSync(`${root}.hidden`, root),
    resolver() {
      const units = createUnitResolver({ procfs: folder, sysfs: folder }, () => {
        tree.clock += tree.step;
        return tree.clock;
      });
      assert.ok(units !== undefined);
      return units;
    },
  };
  return tree;
}
