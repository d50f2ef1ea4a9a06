import koffi from 'koffi';
import type { Handle } from './kernel32.ts';

/** The call of ntdll.dll this platform needs: another process's command line, which no other DLL provides. */
export interface Ntdll {
  /** Returns an NTSTATUS, negative on failure. `length`: bytes written, or needed. */
  queryInformationProcess(
    process: Handle,
    informationClass: number,
    information: Uint8Array,
    capacity: number,
    length: Uint32Array,
  ): number;
}

/** Binds the call of the DLL at `path`. */
export function loadNtdll(path: string): Ntdll {
  const dll = koffi.load(path);
  return {
    queryInformationProcess: dll.func(
      'int32_t __stdcall NtQueryInformationProcess(intptr_t process, int informationClass, void *information, uint32_t capacity, void *length)',
    ),
  };
}
