import type { Libc } from '../libc/libc.ts';

const O_RDONLY_CLOEXEC = 0o2000000;
/** Most bytes of a command line that are read. Class paths of Java have more than 4 KB; on Windows no program has more than this. */
const MOST_BYTES = 32_768;

/** Reads /proc/PID/cmdline, below the `folder` of a process; undefined if that is not possible, [] of a process that has none (any more). */
export function createCommandLineReader(libc: Libc, procfs: string): (folder: string) => readonly string[] | undefined {
  let buffer: Buffer | undefined;

  return function readCommandLine(folder) {
    const fd = libc.open(Buffer.from(`${procfs}/${folder}/cmdline\0`), O_RDONLY_CLOEXEC);
    if (fd < 0) return undefined;
    buffer ??= Buffer.alloc(MOST_BYTES);
    const length = libc.read(fd, buffer, MOST_BYTES);
    libc.close(fd);
    return length < 0 ? undefined : splitArguments(buffer.subarray(0, length), length === MOST_BYTES);
  };
}

/**
 * Arguments, each ended by a NUL (proc_pid_cmdline(5)). A program that writes a title over them leaves one, with more NULs behind it.
 * `isCut`: the last one may be a part of an argument, and is left out.
 */
export function splitArguments(bytes: Buffer, isCut = false): string[] {
  const args = bytes.toString('utf8').replace(/\0+$/, '').split('\0');
  if (isCut) args.pop();
  return args.length === 1 && args[0] === '' ? [] : args;
}
