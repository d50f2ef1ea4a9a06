import { spawnSync } from 'node:child_process';

/**
 * Whether a program is in the PATH. Where it is not, says what is left out and how to get it; in CI that is an error.
 * @param {string} program
 * @param {string} without what there is not without it
 * @param {string} hint
 * @returns {boolean}
 */
export function hasProgram(program, without, hint) {
  if (spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined) return true;
  const message = `${without}: ${program} is missing (${hint})`;
  if (process.env.CI === 'true') throw new Error(message);
  process.stderr.write(`${message}\n`);
  return false;
}
