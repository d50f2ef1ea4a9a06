import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  createProcessList,
  decodeProcessEntry,
  PROCESSENTRY32W,
} from '../../../../src/platform/windows/processes/process-list.ts';
import { fakeKernel32 } from '../fake-calls.ts';
import { RECORDED, readWindowsFixture } from '../recorded.ts';

const PROCESSES = [
  { pid: 0, name: '[System Process]' },
  { pid: 4, name: 'System' },
  { pid: 4321, name: 'Backup Agent.exe' },
  { pid: 0xfffffff0, name: 'größer.exe' },
];

describe('decodeProcessEntry', () => {
  it('reads the recorded entries', () => {
    const bytes = readWindowsFixture('processes.bin');
    const { length } = PROCESSENTRY32W;
    const names = Array.from({ length: bytes.length / length }, (_, index) =>
      decodeProcessEntry(bytes.subarray(index * length, (index + 1) * length)),
    );
    assert.ok(names.some(({ pid, name }) => pid === RECORDED.pid && name === 'node.exe'));
    assert.deepEqual(
      names.map(({ name }) => name).filter((name) => name !== 'winedevice.exe'),
      ['node.exe', 'services.exe', 'explorer.exe', 'plugplay.exe', 'svchost.exe', 'rpcss.exe'],
    );
  });

  it('reads a name that fills its field', () => {
    const entry = Buffer.alloc(PROCESSENTRY32W.length);
    entry.write('x'.repeat(260), PROCESSENTRY32W.name, 'utf16le');
    assert.equal(decodeProcessEntry(entry).name, 'x'.repeat(260));
  });
});

describe('createProcessList', () => {
  it('names processes, and nobody for a pid that no process has', () => {
    const list = createProcessList(fakeKernel32(PROCESSES));
    assert.deepEqual(
      [4, 4321, 0xfffffff0, 5].map((pid) => list.nameOf(pid)),
      ['System', 'Backup Agent.exe', 'größer.exe', undefined],
    );
  });

  it('takes one snapshot until it is told to forget, and gives each handle back', () => {
    const kernel32 = fakeKernel32(PROCESSES);
    const list = createProcessList(kernel32);
    list.nameOf(4);
    list.nameOf(5);
    assert.equal(kernel32.snapshots, 1);
    list.forget();
    assert.equal(kernel32.snapshots, 1);
    list.nameOf(4);
    assert.equal(kernel32.snapshots, 2);
    assert.equal(kernel32.open.size, 0);
  });

  it('fails, rather than miss processes, when the snapshot or the walk does', () => {
    const refused = { ...fakeKernel32(), createToolhelp32Snapshot: () => -1, getLastError: () => 5 };
    assert.throws(() => createProcessList(refused).nameOf(4), /CreateToolhelp32Snapshot: ERROR_ACCESS_DENIED/);
    const kernel32 = fakeKernel32(PROCESSES);
    const broken = { ...kernel32, process32Next: () => 0, getLastError: () => 8 };
    assert.throws(() => createProcessList(broken).nameOf(4), /Process32NextW: ERROR_NOT_ENOUGH_MEMORY/);
    assert.equal(kernel32.open.size, 0);
  });
});
