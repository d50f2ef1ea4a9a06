import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Where npm run package:linux puts what it makes. */
export const PACKAGES = join(ROOT, 'scratch', 'packages');

/** process.arch → what the names of packages say instead. */
const ARCHITECTURES: Readonly<Record<string, RegExp>> = { x64: /x64|amd64|x86_64/, arm64: /arm64|aarch64/ };

/** The one file of this version, for this architecture or the one named, with such an ending. */
export function packageNamed(ending: string, arch: string = process.arch): string {
  const isWanted = (name: string) =>
    name.endsWith(ending) && name.includes(version()) && ARCHITECTURES[arch]!.test(name);
  const found = readdirSync(PACKAGES).filter(isWanted);
  if (found.length !== 1)
    throw new Error(
      `${PACKAGES} has ${found.length} files *${ending} for ${arch}: npm run package:linux -- --arch=${arch}`,
    );
  return join(PACKAGES, found[0]!);
}

export function version(): string {
  return (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
}
