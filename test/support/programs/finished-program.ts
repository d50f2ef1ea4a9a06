import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { BUILT_PROGRAM, buildProgram } from './running-exporter.ts';

/** Longer than a loaded machine takes to say no; then it runs on instead of ending. */
const MOST_MS = 20_000;

export interface FinishedProgram {
  /** The exit code, or the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program until it ends by itself. The launcher is a program that runs the rest of its command line. */
export async function runProgram(
  args: readonly string[],
  { env = {}, launcher = [] }: { env?: Readonly<Record<string, string>>; launcher?: readonly string[] } = {},
): Promise<FinishedProgram> {
  buildProgram();
  const [program, ...rest] = [...launcher, process.execPath, BUILT_PROGRAM, ...args];
  const child = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const timer = setTimeout(() => child.kill('SIGKILL'), MOST_MS);
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal!));
  });
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  clearTimeout(timer);
  return { code, stdout, stderr };
}
