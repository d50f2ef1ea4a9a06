import type { Kernel32 } from './kernel32.ts';
import { WindowsError } from './windows-error.ts';

const MOST_CHARACTERS = 260; // MAX_PATH

/**
 * Full paths of files in the system folder. DLLs and programs are opened by these, so that no file of the same name in
 * the current folder or in PATH ever runs with the exporter's rights.
 */
export function createSystemPaths(kernel32: Kernel32): (file: string) => string {
  const buffer = Buffer.alloc(MOST_CHARACTERS * 2);
  const characters = kernel32.getSystemDirectory(buffer, MOST_CHARACTERS);
  if (characters === 0 || characters >= MOST_CHARACTERS) {
    throw new WindowsError('GetSystemDirectoryW', kernel32.getLastError());
  }
  const folder = buffer.toString('utf16le', 0, characters * 2);
  return (file) => `${folder}\\${file}`;
}
