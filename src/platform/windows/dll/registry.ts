import type { Advapi32 } from './advapi32.ts';
import { HEADERS } from './headers.ts';
import { WindowsError, WindowsErrorCode } from './windows-error.ts';

/** A REG_DWORD below HKEY_LOCAL_MACHINE; undefined if it is not set. Throws with the code if it cannot be read. */
export function readDword(advapi32: Advapi32, subkey: string, value: string): number | undefined {
  const data = new Uint32Array(1);
  const length = new Uint32Array([4]);
  const code = advapi32.regGetValue(
    HEADERS.HKEY_LOCAL_MACHINE,
    subkey,
    value,
    HEADERS.RRF_RT_REG_DWORD,
    null,
    data,
    length,
  );
  if (code === WindowsErrorCode.fileNotFound) return undefined;
  if (code !== WindowsErrorCode.success) throw new WindowsError(`RegGetValueW(HKLM\\${subkey}, ${value})`, code);
  return data[0]!;
}
