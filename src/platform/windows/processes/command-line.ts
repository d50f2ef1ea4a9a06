import type { Kernel32 } from '../dll/kernel32.ts';
import type { Ntdll } from '../dll/ntdll.ts';
import { withProcess } from './process-handle.ts';

/** PROCESSINFOCLASS 60, since Windows 8.1: returns a UNICODE_STRING followed by its characters. */
const PROCESS_COMMAND_LINE_INFORMATION = 60;
/** UNICODE_STRING on 64-bit Windows (ntdef.h): length in bytes u16 @0, the address of the characters @8. */
export const UNICODE_STRING = { size: 16, length: 0 } as const;
/** The longest command line CreateProcessW takes has 32,767 characters. */
const CAPACITY = UNICODE_STRING.size + 65_536;

/** The command line of a process; undefined if it may not be read. */
export function readCommandLine(kernel32: Kernel32, ntdll: Ntdll, pid: number): string | undefined {
  const answer = Buffer.alloc(CAPACITY);
  const status = withProcess(kernel32, pid, (process) =>
    ntdll.queryInformationProcess(process, PROCESS_COMMAND_LINE_INFORMATION, answer, CAPACITY, new Uint32Array(1)),
  );
  return status === undefined || status < 0 ? undefined : decodeUnicodeString(answer);
}

/** A UNICODE_STRING followed by its characters; undefined if its length exceeds the bytes. */
export function decodeUnicodeString(bytes: Buffer): string | undefined {
  if (bytes.length < UNICODE_STRING.size) return undefined;
  const end = UNICODE_STRING.size + bytes.readUInt16LE(UNICODE_STRING.length);
  return end > bytes.length ? undefined : bytes.toString('utf16le', UNICODE_STRING.size, end);
}

/** The application pool in the command line of an IIS worker process: `w3wp.exe -ap "DefaultAppPool" -v "v4.0" …`. */
export function applicationPoolOf(commandLine: string): string | undefined {
  const match = /\s-ap\s+(?:"([^"]+)"|([^\s"]+))/.exec(commandLine);
  return match?.[1] ?? match?.[2];
}

/** Backslashes, a quote, other characters and space: each may be missing. */
const PARTS = /(\\*)("?)([^\\"\s]*)(\s*)/gy;

/** A command line → its arguments, as the C library of Windows splits it: backslashes are special before a quote only. */
export function splitCommandLine(line: string): string[] {
  const args: string[] = [];
  let arg: string | undefined;
  let isQuoted = false;
  for (const [whole, slashes = '', quote = '', text = '', space = ''] of line.trim().matchAll(PARTS)) {
    if (whole === '') break;
    arg ??= '';
    const isEscaped = quote !== '' && slashes.length % 2 === 1;
    arg += quote === '' ? slashes : '\\'.repeat(slashes.length >> 1) + (isEscaped ? quote : '');
    if (quote !== '' && !isEscaped) isQuoted = !isQuoted;
    arg += text;
    if (isQuoted) arg += space;
    else if (space !== '') {
      args.push(arg);
      arg = undefined;
    }
  }
  return arg === undefined ? args : [...args, arg];
}
