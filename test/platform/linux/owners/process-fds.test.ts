import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadLibc } from '../../../../src/platform/linux/libc/libc.ts';
import { createFdLinks } from '../../../../src/platform/linux/owners/fd-links.ts';
import {
  createFdCounter,
  createFdReader,
  parseOpenFilesLimit,
} from '../../../../src/platform/linux/owners/process-fds.ts';
import { type ProcessRecord, ProcessTable } from '../../../../src/platform/linux/owners/process-table.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';
import { identityOf } from './identity-of.ts';

const HEADER = 'Limit                     Soft Limit           Hard Limit           Units     \n';
const limitsText = (soft: string) =>
  `${HEADER}Max processes             7823                 7823                 processes \nMax open files            ${soft.padEnd(20)} 524288               files     \nMax locked memory         8388608              8388608              bytes     \n`;

describe('parseOpenFilesLimit', () => {
  it('reads the soft limit', () => {
    assert.equal(parseOpenFilesLimit(limitsText('1024')), 1024);
    assert.equal(parseOpenFilesLimit(limitsText('1073741816')), 1_073_741_816);
  });

  it('has no answer where there is no limit, or no such line', () => {
    assert.equal(parseOpenFilesLimit(limitsText('unlimited')), undefined);
    assert.equal(parseOpenFilesLimit(HEADER), undefined);
    assert.equal(parseOpenFilesLimit(''), undefined);
    assert.equal(parseOpenFilesLimit(limitsText('9'.repeat(400))), undefined);
  });
});

describe('createFdReader', () => {
  it('reads what a process has open and may have', (t) => {
    const procfs = temporaryFolder(t);
    const read = createFdReader(procfs, () => -1, createFdLinks(loadLibc(), procfs));
    assert.deepEqual(read(process(procfs, 10, 500, '1000')), { open: 500, limit: 1000 });
    assert.deepEqual(read(process(procfs, 13, 5000, 'unlimited')), { open: 5000, limit: undefined });
    assert.deepEqual(read(process(procfs, 15, 3, undefined)), { open: 3, limit: undefined });
  });

  it('sees at once that the limit of a process near it was raised, and leaves the others alone', (t) => {
    const procfs = temporaryFolder(t);
    const read = createFdReader(procfs, () => -1, createFdLinks(loadLibc(), procfs));
    const [near, far] = [process(procfs, 10, 500, '1000'), process(procfs, 11, 499, '1000')];
    for (const each of [near, far]) read(each);
    for (const pid of [10, 11]) writeFileSync(join(procfs, `${pid}/limits`), limitsText('65536'));
    assert.deepEqual([read(near)!.limit, read(far)!.limit], [65_536, 1000]);
  });

  it('asks the kernel for the number unless the search of this scrape did', (t) => {
    const procfs = temporaryFolder(t);
    const read = createFdReader(procfs, () => 7, createFdLinks(loadLibc(), procfs));
    assert.equal(read(process(procfs, 10, -1, '100'))!.open, 7);
  });

  it('has no answer for a process that ended', (t) => {
    const procfs = temporaryFolder(t);
    const ended = process(procfs, 10, 5, '10');
    ended.isAlive = false;
    assert.equal(createFdReader(procfs, () => 5, createFdLinks(loadLibc(), procfs))(ended), undefined);
  });
});

describe('createFdCounter', () => {
  it('has no answer for a process that is not there', (t) => {
    assert.equal(createFdCounter(temporaryFolder(t))('42'), -1);
  });

  it('does not take a kernel that does not count for processes without descriptors', (t) => {
    const procfs = temporaryFolder(t);
    mkdirSync(join(procfs, '10'));
    writeFileSync(join(procfs, '10/fd'), ''); // size 0, as before Linux 6.2
    assert.equal(createFdCounter(procfs)('10'), -1);
  });

  it('counts 0 where the kernel has shown that it counts', (t) => {
    const procfs = temporaryFolder(t);
    for (const [pid, size] of [
      [10, 0],
      [11, 7],
    ] as const) {
      mkdirSync(join(procfs, String(pid)));
      writeFileSync(join(procfs, `${pid}/fd`), 'x'.repeat(size));
    }
    const count = createFdCounter(procfs);
    assert.deepEqual([count('11'), count('10')], [7, 0]);
  });
});

/** A process with `open` descriptors, as a search has left it. */
function process(procfs: string, pid: number, open: number, limit: string | undefined): ProcessRecord {
  mkdirSync(join(procfs, String(pid)));
  if (limit !== undefined) writeFileSync(join(procfs, `${pid}/limits`), limitsText(limit));
  const table = new ProcessTable();
  const record = table.at(table.enter(pid, identityOf({ startTime: pid, name: 'web', folder: String(pid) })))!;
  record.fdCount = open;
  return record;
}
