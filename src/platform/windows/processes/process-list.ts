import { HEADERS } from '../dll/headers.ts';
import type { Kernel32 } from '../dll/kernel32.ts';
import { WindowsError, WindowsErrorCode } from '../dll/windows-error.ts';

/** The running processes, by one snapshot per scrape. */
export interface ProcessList {
  /** The file name of the program, `w3wp.exe`; undefined if there is no such process. */
  nameOf(pid: number): string | undefined;
  /** Makes the next call take a new snapshot. */
  forget(): void;
}

/** PROCESSENTRY32W on 64-bit Windows (tlhelp32.h); the name is UTF-16 and ends with a NUL. */
export const PROCESSENTRY32W = { length: 568, pid: 8, name: 44, nameLength: 520 } as const;

/** More than Windows can have: ends a walk that would never end. */
const MOST_PROCESSES = 1_000_000;

export function createProcessList(kernel32: Kernel32): ProcessList {
  let names: ReadonlyMap<number, string> | undefined;
  return {
    nameOf(pid) {
      names ??= readNames(kernel32);
      return names.get(pid);
    },
    forget() {
      names = undefined;
    },
  };
}

/** One filled PROCESSENTRY32W → pid and name. */
export function decodeProcessEntry(entry: Buffer): { readonly pid: number; readonly name: string } {
  const { pid, name, nameLength } = PROCESSENTRY32W;
  const text = entry.toString('utf16le', name, name + nameLength);
  const end = text.indexOf('\0');
  return { pid: entry.readUInt32LE(pid), name: end < 0 ? text : text.slice(0, end) };
}

function readNames(kernel32: Kernel32): ReadonlyMap<number, string> {
  const snapshot = kernel32.createToolhelp32Snapshot(HEADERS.TH32CS_SNAPPROCESS, 0);
  if (Number(snapshot) === -1) throw new WindowsError('CreateToolhelp32Snapshot', kernel32.getLastError());
  try {
    return walkSnapshot(kernel32, snapshot);
  } finally {
    kernel32.closeHandle(snapshot);
  }
}

function walkSnapshot(kernel32: Kernel32, snapshot: number | bigint): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const entry = Buffer.alloc(PROCESSENTRY32W.length);
  entry.writeUInt32LE(PROCESSENTRY32W.length, 0);
  let isThere = kernel32.process32First(snapshot, entry);
  while (isThere !== 0 && names.size < MOST_PROCESSES) {
    const { pid, name } = decodeProcessEntry(entry);
    names.set(pid, name);
    isThere = kernel32.process32Next(snapshot, entry);
  }
  const code = kernel32.getLastError();
  if (isThere === 0 && code !== WindowsErrorCode.noMoreFiles) throw new WindowsError('Process32NextW', code);
  return names;
}
