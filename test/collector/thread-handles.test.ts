import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeHandles, shareHandles } from '../../src/collector/thread-handles.ts';

it('closes what was left open, passes over what was not, and is empty then', () => {
  const handles = shareHandles();
  const [left, closed] = [openThis(), openThis()];
  closeSync(closed);
  handles.set([0, closed + 1, 0, left + 1]);
  closeHandles(handles);
  assert.throws(() => fstatSync(left), { code: 'EBADF' });
  assert.ok(handles.every((noted) => noted === 0));
});

function openThis(): number {
  return openSync(fileURLToPath(import.meta.url), 'r');
}
