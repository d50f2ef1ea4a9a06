import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { it } from 'node:test';
import { createLineWriter, writeWhole } from '../../src/log/write-line.ts';

const skip = process.platform === 'win32';

it('keeps going where a line cannot be written, and tells how many were lost with the next one that can', () => {
  let isFull = true;
  const written: string[] = [];
  const lines = createLineWriter((text) => {
    if (isFull) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    written.push(text);
  });
  lines.write('a\n');
  lines.write('b\n');
  isFull = false;
  lines.write('c\n');
  lines.write('d\n');
  assert.deepEqual(written, ['2 lines could not be written here\nc\n', 'd\n']);
});

it('throws what the descriptor fails with', { skip }, (t) => {
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  assert.throws(() => writeWhole(full, 'line\n'), { code: 'ENOSPC' });
});
