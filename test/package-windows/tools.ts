import { spawnSync } from 'node:child_process';
import { missingTools } from '../windows/tools.ts';

/** Programs by the Debian package that has them. */
const PROGRAMS = { wixl: ['wixl', '--version'], msibuild: ['msitools'], zip: ['zip', '-v'], unzip: ['unzip', '-v'] };

/** Why the suite cannot run here, undefined when it can. */
export function missingPackagers(): string | undefined {
  const missing = Object.entries(PROGRAMS).find(
    ([program, [, ...args]]) => spawnSync(program, args, { stdio: 'ignore' }).error !== undefined,
  );
  if (missing !== undefined) return `skipped: needs ${missing[0]} (apt-get install ${missing[1][0]})`;
  return missingTools();
}
