import type { Iphlpapi } from '../../../src/platform/windows/dll/iphlpapi.ts';
import type { Kernel32 } from '../../../src/platform/windows/dll/kernel32.ts';
import { PROCESSENTRY32W } from '../../../src/platform/windows/processes/process-list.ts';

/** Fails the test that calls what it should not. */
function unexpected(name: string): never {
  throw new Error(`unexpected call of ${name}`);
}

/** A process as the fake kernel32.dll shows it. */
export interface FakeProcess {
  readonly pid: number;
  readonly name: string;
  /** Absent = it cannot be opened. */
  readonly handles?: number;
}

export interface FakeKernel32 extends Kernel32 {
  /** Handles opened and not closed yet. */
  readonly open: Set<number>;
  snapshots: number;
  lastError: number;
}

/** A kernel32.dll with these processes and, by address, these blocks on its heap. */
export function fakeKernel32(
  processes: readonly FakeProcess[] = [],
  heap = new Map<bigint, Uint8Array>(),
): FakeKernel32 {
  let next = 0;
  let lastHandle = 100;
  const opened = new Map<number, FakeProcess>();
  const openHandle = () => {
    fake.open.add(++lastHandle);
    return lastHandle;
  };
  const writeEntry = (entry: Uint8Array) => {
    const process = processes[next++];
    if (process === undefined) {
      fake.lastError = 18;
      return 0;
    }
    encodeProcess(process, Buffer.from(entry.buffer, entry.byteOffset, entry.length));
    return 1;
  };
  const fake: FakeKernel32 = {
    open: new Set(),
    snapshots: 0,
    lastError: 0,
    createToolhelp32Snapshot() {
      fake.snapshots++;
      next = 0;
      return openHandle();
    },
    process32First: (_snapshot, entry) => writeEntry(entry),
    process32Next: (_snapshot, entry) => writeEntry(entry),
    openProcess(_access, _inherit, pid) {
      const process = processes.find((candidate) => candidate.pid === pid);
      if (process?.handles === undefined) return 0;
      const handle = openHandle();
      opened.set(handle, process);
      return handle;
    },
    getProcessHandleCount(handle, count) {
      count[0] = opened.get(Number(handle))!.handles!;
      return 1;
    },
    closeHandle: (handle) => Number(fake.open.delete(Number(handle))),
    getSystemDirectory: () => unexpected('GetSystemDirectoryW'),
    getProcessHeap: () => 77,
    heapSize: (_heap, _flags, block) => heap.get(block)?.length ?? 2n ** 64n - 1n,
    heapFree: (_heap, _flags, block) => Number(heap.delete(block)),
    moveMemory: (to, from, length) => to.set(heap.get(from)!.subarray(0, length)),
    getLastError: () => fake.lastError,
  };
  return fake;
}

/** An iphlpapi.dll that knows these calls only. */
export function fakeIphlpapi(calls: Partial<Iphlpapi>): Iphlpapi {
  return {
    getExtendedTcpTable: () => unexpected('GetExtendedTcpTable'),
    getTcpStatisticsEx: () => unexpected('GetTcpStatisticsEx'),
    getBoundTcpTable: undefined,
    getBoundTcp6Table: undefined,
    ...calls,
  };
}

/** Answers GetExtendedTcpTable with these bytes as Windows would: refuses a buffer that is too small. */
export function answerTable(bytes: Uint8Array, buffer: Uint8Array, size: Uint32Array): number {
  const capacity = size[0]!;
  size[0] = bytes.length;
  if (capacity < bytes.length) return 122;
  buffer.set(bytes);
  return 0;
}

function encodeProcess({ pid, name }: FakeProcess, entry: Buffer): void {
  entry.fill(0xee, 4); // behind its end a name keeps what was there before
  entry.writeUInt32LE(pid, PROCESSENTRY32W.pid);
  entry.write(`${name}\0`, PROCESSENTRY32W.name, 'utf16le');
}
