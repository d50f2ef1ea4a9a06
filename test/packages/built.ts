import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Where npm run package:linux puts what it makes. */
export const PACKAGES = join(ROOT, 'scratch', 'packages');

/** The one file of this version with such an ending. */
export function packageNamed(ending: string): string {
  const found = readdirSync(PACKAGES).filter((name) => name.endsWith(ending) && name.includes(version()));
  if (found.length !== 1) throw new Error(`${PACKAGES} has ${found.length} files *${ending}: npm run package:linux`);
  return join(PACKAGES, found[0]!);
}

export function version(): string {
  return (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
}
