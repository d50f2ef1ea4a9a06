import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = new URL('../../', import.meta.url);
/** Where install.mjs unpacks what the system has not, or only of old. */
const FETCHED = fileURLToPath(new URL('scratch/deploy-tools/usr/bin/', REPOSITORY));

/** kubectl with the kustomize of its time, and docker-compose that knows the Compose specification. */
export const KUBECTL = `${FETCHED}kubectl`;
export const COMPOSE = `${FETCHED}docker-compose`;
export const HELM = `${FETCHED}helm`;

/** Why tests with these programs do not run here, undefined where they do. In CI what is missing is a failure. */
export function skipWithoutTools(...programs: readonly string[]): string | undefined {
  const missing = programs.filter((program) => !isThere(program));
  return missing.length === 0 ? undefined : skipBecause(`skipped: needs ${missing.join(' and ')}`);
}

/** Why a program cannot be run as another user here: in a user namespace made by `unshare -r` there is none but root. */
export function skipWithoutUsers(): string | undefined {
  const hasAll = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
  return hasAll && process.getuid?.() === 0 ? undefined : skipBecause('skipped: needs root');
}

function skipBecause(reason: string): string {
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

/** Runs a program in the top folder of the repository and returns what it wrote; throws with that when it fails. */
export function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    cwd: REPOSITORY,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 120_000,
  });
  if (error !== undefined) throw new Error(`cannot run ${program}`, { cause: error });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

function isThere(program: string): boolean {
  if (program.includes('/')) return existsSync(program);
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}
