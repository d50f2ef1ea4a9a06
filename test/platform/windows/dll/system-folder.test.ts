import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSystemPaths } from '../../../../src/platform/windows/dll/system-folder.ts';
import { fakeKernel32 } from '../fake-calls.ts';

test('names files in the folder that Windows tells', () => {
  const kernel32 = {
    ...fakeKernel32(),
    getSystemDirectory: (buffer: Uint8Array) =>
      Buffer.from(buffer.buffer, buffer.byteOffset).write('D:\\Win\\System32', 'utf16le') / 2,
  };
  assert.equal(createSystemPaths(kernel32)('netsh.exe'), 'D:\\Win\\System32\\netsh.exe');
});

test('fails when Windows does not tell it, or it is too long', () => {
  for (const characters of [0, 260, 300]) {
    const kernel32 = { ...fakeKernel32(), getSystemDirectory: () => characters, getLastError: () => 8 };
    assert.throws(() => createSystemPaths(kernel32), /GetSystemDirectoryW: ERROR_NOT_ENOUGH_MEMORY/);
  }
});
