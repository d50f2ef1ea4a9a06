import { execa } from 'execa';

/** Commands answer within a second; one that hangs is killed. */
const TIMEOUT_MS = 15_000;
/** Most characters of an answer; above it the command is stopped and fails. */
const LONGEST_ANSWER = 8 * 1024 * 1024;

/** Runs a program (full path with extension, no shell) and returns its output. Rejects unless it exits with 0. */
export type RunCommand = (program: string, args: readonly string[], signal: AbortSignal) => Promise<string>;

/**
 * Reads the bytes as latin1: the output is in the console's code page, and digits and ASCII are the same in all of them
 * (trail bytes of code pages 932, 936, 949 and 950 are no digits either).
 */
export const runCommand: RunCommand = async (program, args, signal) => {
  const { stdout } = await execa(program, args, {
    encoding: 'latin1',
    stdin: 'ignore',
    timeout: TIMEOUT_MS,
    maxBuffer: LONGEST_ANSWER,
    windowsHide: true,
    cancelSignal: signal,
  });
  return stdout;
};
