import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { loadLibc } from '../../../src/platform/linux/libc/libc.ts';
import { createProgramPageDropper } from '../../../src/platform/linux/program-pages.ts';

/** Resident pages that a file is behind, in kB. */
const fileBackedKb = () => Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);

it('takes pages of the program out of memory, and the program goes on', () => {
  const before = fileBackedKb();
  createProgramPageDropper(loadLibc(), '/proc')();
  const after = fileBackedKb();
  assert.ok(after < before - 10_000, `${before} kB, then ${after} kB`);
  assert.equal(new Intl.DateTimeFormat('de', { month: 'long' }).format(new Date(2026, 4, 1)), 'Mai');
  assert.equal(runInNewContext('[3, 1, 2].sort().join()'), '1,2,3');
  assert.throws(() => JSON.parse('{'), SyntaxError);
});
