import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Why a test with this program does not run here, undefined where it does. CI has the program: there its absence is a failure. */
export function skipWithout(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const isThere = folders.some((folder) => existsSync(join(folder, program)));
  return isThere || process.env.CI === 'true' ? undefined : `skipped: needs ${program}`;
}

/** Runs a program to its end and returns what it printed; throws with that when it fails. */
export function runTool(program: string, args: readonly string[], folder: URL): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 300_000, // promtool takes a minute for a file where both cores are busy
  });
  if (error !== undefined) throw new Error(`cannot run ${program}`, { cause: error });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout + stderr;
}
