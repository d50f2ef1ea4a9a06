import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readOptionalFile } from '../../../../src/platform/linux/procfs/proc-file.ts';

test('a file that was missing is read when it comes, and an error is told when it is another one', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-missing-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'setting');
  for (let read = 0; read < 3; read++) assert.equal(readOptionalFile(path), undefined);
  writeFileSync(path, '1\n');
  assert.equal(readOptionalFile(path), '1\n');
  unlinkSync(path);
  assert.equal(readOptionalFile(path), undefined);
  symlinkSync(path, path);
  assert.throws(() => readOptionalFile(path), /setting: ELOOP/);
});
