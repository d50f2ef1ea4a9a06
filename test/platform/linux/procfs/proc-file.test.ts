import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readOptionalFile } from '../../../../src/platform/linux/procfs/proc-file.ts';

const LONGEST = 16 * 1024 * 1024;

describe('readOptionalFile', { skip: process.platform === 'linux' ? false : 'skipped: needs Linux' }, () => {
  it('brings a file whole, however it is cut into reads', (t) => {
    for (const length of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
      const text = 'ü'.repeat(length / 2) + 'x'.repeat(length % 2);
      assert.equal(readOptionalFile(fileOf(t, text)), text, `${length} bytes`);
    }
  });

  it('refuses what is longer than any file of procfs, and what has no end', (t) => {
    assert.equal(readOptionalFile(fileOf(t, 'x'.repeat(LONGEST)))?.length, LONGEST);
    assert.throws(() => readOptionalFile(fileOf(t, 'x'.repeat(LONGEST + 1))), /cannot read .*file: EFBIG/);
    assert.throws(() => readOptionalFile('/dev/zero'), /cannot read \/dev\/zero: EFBIG/);
  });

  it('tells nothing there from what cannot be read', (t) => {
    assert.equal(readOptionalFile(`${fileOf(t, '')}.gone`), undefined);
    assert.throws(() => readOptionalFile('/proc/self'), /cannot read \/proc\/self: EISDIR/);
  });
});

function fileOf(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-file-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'file'), text);
  return join(folder, 'file');
}
