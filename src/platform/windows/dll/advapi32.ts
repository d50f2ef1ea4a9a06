import koffi from 'koffi';
import type { Handle } from './kernel32.ts';

/**
 * The calls of advapi32.dll this platform needs: registry and service manager. Synchronous. Buffers are passed by
 * address: the caller keeps them alive and large enough.
 */
export interface Advapi32 {
  /** Returns a Windows error code. `length`: bytes in `data`, then bytes written. */
  regGetValue(
    key: number,
    subkey: string,
    value: string,
    flags: number,
    type: null,
    data: Uint32Array,
    length: Uint32Array,
  ): number;
  /** 0 = failed, see GetLastError. */
  openScManager(machine: null, database: null, access: number): Handle;
  /** 0 = failed, see GetLastError: ERROR_MORE_DATA if the buffer held only a part, to continue from `resume`. */
  enumServicesStatusEx(
    manager: Handle,
    level: number,
    type: number,
    state: number,
    services: Uint8Array,
    length: number,
    needed: Uint32Array,
    returned: Uint32Array,
    resume: Uint32Array,
    group: null,
  ): number;
  closeServiceHandle(manager: Handle): number;
  /** The address of a buffer: the pointers that the service manager writes into it are absolute. */
  addressOf(buffer: Uint8Array): bigint;
}

/** Binds the calls of the DLL at `path`. */
export function loadAdvapi32(path: string): Advapi32 {
  const dll = koffi.load(path);
  return {
    regGetValue: dll.func(
      'int32_t __stdcall RegGetValueW(intptr_t key, str16 subkey, str16 value, uint32_t flags, void *type, void *data, void *length)',
    ),
    openScManager: dll.func('intptr_t __stdcall OpenSCManagerW(str16 machine, str16 database, uint32_t access)'),
    enumServicesStatusEx: dll.func(
      'int __stdcall EnumServicesStatusExW(intptr_t manager, int level, uint32_t type, uint32_t state, void *services, uint32_t length, void *needed, void *returned, void *resume, str16 group)',
    ),
    closeServiceHandle: dll.func('int __stdcall CloseServiceHandle(intptr_t manager)'),
    addressOf: (buffer) => koffi.address(buffer),
  };
}
