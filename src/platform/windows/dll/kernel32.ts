import koffi from 'koffi';

/** A HANDLE: a number where it is a safe integer. −1 = INVALID_HANDLE_VALUE, 0 = NULL. */
export type Handle = number | bigint;

/**
 * The calls of kernel32.dll this platform needs. Synchronous; those that return a flag return 0 on failure and set
 * `getLastError`. Buffers are passed by address: the caller keeps them alive and large enough.
 */
export interface Kernel32 {
  createToolhelp32Snapshot(flags: number, pid: number): Handle;
  /** `entry` is a PROCESSENTRY32W whose first field says its length. */
  process32First(snapshot: Handle, entry: Uint8Array): number;
  process32Next(snapshot: Handle, entry: Uint8Array): number;
  openProcess(access: number, inherit: number, pid: number): Handle;
  getProcessHandleCount(process: Handle, count: Uint32Array): number;
  closeHandle(handle: Handle): number;
  /** Characters written, without the NUL. */
  getSystemDirectory(buffer: Uint8Array, characters: number): number;
  getProcessHeap(): Handle;
  /** Bytes of a block of the heap; the highest 64-bit number on failure. */
  heapSize(heap: Handle, flags: number, block: bigint): number | bigint;
  heapFree(heap: Handle, flags: number, block: bigint): number;
  /** Copies `length` bytes from an address. */
  moveMemory(to: Uint8Array, from: bigint, length: number): void;
  getLastError(): number;
}

/** Binds kernel32.dll, which every process has loaded. */
export function loadKernel32(): Kernel32 {
  const dll = koffi.load('kernel32.dll');
  return {
    createToolhelp32Snapshot: dll.func('intptr_t __stdcall CreateToolhelp32Snapshot(uint32_t flags, uint32_t pid)'),
    process32First: dll.func('int __stdcall Process32FirstW(intptr_t snapshot, void *entry)'),
    process32Next: dll.func('int __stdcall Process32NextW(intptr_t snapshot, void *entry)'),
    openProcess: dll.func('intptr_t __stdcall OpenProcess(uint32_t access, int inherit, uint32_t pid)'),
    getProcessHandleCount: dll.func('int __stdcall GetProcessHandleCount(intptr_t process, void *count)'),
    closeHandle: dll.func('int __stdcall CloseHandle(intptr_t handle)'),
    getSystemDirectory: dll.func('uint32_t __stdcall GetSystemDirectoryW(void *buffer, uint32_t characters)'),
    getProcessHeap: dll.func('intptr_t __stdcall GetProcessHeap()'),
    heapSize: dll.func('size_t __stdcall HeapSize(intptr_t heap, uint32_t flags, uintptr_t block)'),
    heapFree: dll.func('int __stdcall HeapFree(intptr_t heap, uint32_t flags, uintptr_t block)'),
    moveMemory: dll.func('void __stdcall RtlMoveMemory(void *to, uintptr_t from, size_t length)'),
    getLastError: dll.func('uint32_t __stdcall GetLastError()'), // koffi keeps the error of the call before
  };
}
