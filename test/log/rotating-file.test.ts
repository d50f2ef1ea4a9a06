import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openRotatingFile } from '../../src/log/rotating-file.ts';

describe('a rotating file', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rotating-file-'));
    path = join(folder, 'deep', 'log.txt');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const files = () =>
    Object.fromEntries(
      readdirSync(join(folder, 'deep'), { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => [name, readFileSync(join(folder, 'deep', name), 'utf8')]),
    );

  it('makes its folder, has each line at once and goes on with a file that is there', () => {
    openRotatingFile({ path, maxBytes: 100, count: 3 }).write('one\n');
    assert.deepEqual(files(), { 'log.txt': 'one\n' });
    openRotatingFile({ path, maxBytes: 100, count: 3 }).write('two\n');
    assert.deepEqual(files(), { 'log.txt': 'one\ntwo\n' });
  });

  it('puts a full file aside before the line that is too much, and keeps so many files', () => {
    const file = openRotatingFile({ path, maxBytes: 10, count: 3 });
    for (const word of ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff']) file.write(`${word}\n`);
    assert.deepEqual(files(), { 'log.txt': 'eeee\nffff\n', 'log.txt.1': 'cccc\ndddd\n', 'log.txt.2': 'aaaa\nbbbb\n' });
    file.write('gggg\n');
    assert.deepEqual(files(), { 'log.txt': 'gggg\n', 'log.txt.1': 'eeee\nffff\n', 'log.txt.2': 'cccc\ndddd\n' });
  });

  it('counts bytes, those of a file that was there before included', () => {
    mkdirSync(join(folder, 'deep'));
    writeFileSync(path, 'äää\n'); // 7 bytes
    const file = openRotatingFile({ path, maxBytes: 10, count: 2 });
    file.write('öö\n'); // 5 bytes
    assert.deepEqual(files(), { 'log.txt': 'öö\n', 'log.txt.1': 'äää\n' });
  });

  it('keeps one file if that is all it may', () => {
    const file = openRotatingFile({ path, maxBytes: 10, count: 1 });
    for (const word of ['aaaa', 'bbbb', 'cccc']) file.write(`${word}\n`);
    assert.deepEqual(files(), { 'log.txt': 'cccc\n' });
  });

  it('writes a line that is longer than the whole file may be', () => {
    const file = openRotatingFile({ path, maxBytes: 5, count: 2 });
    file.write('a very long line\n');
    file.write('b\n');
    assert.deepEqual(files(), { 'log.txt': 'b\n', 'log.txt.1': 'a very long line\n' });
  });

  it('goes on with a file that cannot be put aside, leaves the older ones, and tries again when it has grown by a tenth', () => {
    mkdirSync(join(folder, 'deep', 'log.txt.0', 'in the way'), { recursive: true });
    writeFileSync(`${path}.1`, 'older\n');
    const file = openRotatingFile({ path, maxBytes: 100, count: 3 });
    file.write(`${'a'.repeat(99)}\n`);
    file.write('bbbb\n'); // cannot rotate
    assert.equal(files()['log.txt'], `${'a'.repeat(99)}\nbbbb\n`);
    assert.equal(files()['log.txt.1'], 'older\n');
    rmSync(join(folder, 'deep', 'log.txt.0'), { recursive: true });
    file.write('cccc\n'); // 110 bytes: not yet
    assert.equal(files()['log.txt.2'], undefined);
    file.write('dddd\n');
    assert.deepEqual(files(), {
      'log.txt': 'dddd\n',
      'log.txt.1': `${'a'.repeat(99)}\nbbbb\ncccc\n`,
      'log.txt.2': 'older\n',
    });
  });

  it('throws when the file cannot be opened in the first place', () => {
    assert.throws(() => openRotatingFile({ path: folder, maxBytes: 100, count: 1 }), { code: 'EISDIR' });
  });

  const full = '/dev/full';
  it('survives a full disk, and tells how many lines it cost', { skip: process.platform === 'win32' }, () => {
    const file = openRotatingFile({ path: full, maxBytes: 100, count: 3 });
    assert.doesNotThrow(() => file.write('lost\n'));
  });

  it('tells how many lines are missing once it can write again', () => {
    const file = openRotatingFile({ path, maxBytes: 6, count: 2 });
    file.write('first\n');
    rmSync(join(folder, 'deep'), { recursive: true }); // so that no new file can be opened
    writeFileSync(join(folder, 'deep'), 'a file in its place');
    file.write('second\n');
    file.write('third\n');
    rmSync(join(folder, 'deep'));
    mkdirSync(join(folder, 'deep'));
    file.write('fourth\n');
    assert.deepEqual(files(), { 'log.txt': '2 lines could not be written here\nfourth\n' });
  });
});
