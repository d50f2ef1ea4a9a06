import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export const COMPILER = 'x86_64-w64-mingw32-gcc';

/** Debian puts Wine's 64-bit loader here, without a link in PATH unless the package `wine` is there too. */
const WINE_PLACES = ['/usr/lib/wine', '/usr/bin'];

export interface WinePrograms {
  readonly wine: string;
  readonly server: string;
}

export function findWine(): WinePrograms | undefined {
  for (const folder of WINE_PLACES) {
    const server = [`${folder}/wineserver64`, `${folder}/wineserver`].find((path) => existsSync(path));
    const wine = `${folder}/wine64`;
    if (server !== undefined && existsSync(wine)) return { wine, server };
  }
  return undefined;
}

/** Why the suite cannot run here, undefined when it can. */
export function missingTools(): string | undefined {
  if (process.platform !== 'linux') return 'skipped: needs Linux, with Wine';
  if (findWine() === undefined) return 'skipped: needs Wine (apt-get install wine64)';
  if (spawnSync(COMPILER, ['--version'], { stdio: 'ignore' }).status !== 0) {
    return `skipped: needs ${COMPILER} (apt-get install gcc-mingw-w64-x86-64)`;
  }
  return undefined;
}
