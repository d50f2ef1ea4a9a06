import { spawnSync } from 'node:child_process';

/** What to skip a test with: nothing is missing in CI, or it is an error. */
export function missingTool(reason: string | undefined): string | false {
  if (reason === undefined) return false;
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

/** Why tests with these programs do not run here, undefined where they are. */
export function missingProgram(...names: readonly string[]): string | undefined {
  const missing = names.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
  return missing.length === 0 ? undefined : `skipped: needs ${missing.join(' and ')}`;
}
