import { execa } from 'execa';

/** Commands answer within a second; one that hangs is killed. */
const TIMEOUT_MS = 15_000;
/** Characters of an answer; beyond that the command is stopped and counts as failed. */
const LONGEST_ANSWER = 8 * 1024 * 1024;

/** Runs a program (full path with its extension, no shell) and returns what it printed. Rejects unless it ends with 0. */
export type RunCommand = (program: string, args: readonly string[], signal: AbortSignal) => Promise<string>;

/**
 * The bytes are read as latin1: what is printed is in the code page of the console, and digits and ASCII are the same
 * in all of them (trail bytes of code pages 932, 936, 949 and 950 are no digits either).
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
