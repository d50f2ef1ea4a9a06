// Node.js as packages bring it along: Debian 12 and Ubuntu 24.04 have Node 18, which is too old.
import { join } from 'node:path';
import { fetchPackage } from '../deploy/bundle/fetch-package.mjs';

/** Maintained until April 2027, and the newest that runs under Wine 8, so that all packages bring the same. */
const VERSION = '22.23.3';
/** Digests of the npm packages node-<platform>-<arch>, which hold what nodejs.org publishes. */
const INTEGRITY = {
  'linux-x64': 'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  'linux-arm64': 'sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==',
};

/**
 * @param {string} target process.platform and process.arch with a dash between
 * @returns {{ version: string, binary: string, licence: string }} paths of the program and of its licence
 */
export function fetchNode(target) {
  const integrity = INTEGRITY[target];
  if (integrity === undefined) throw new Error(`no Node.js for ${target}: there is ${Object.keys(INTEGRITY).join()}`);
  const folder = fetchPackage(`node-${target}`, VERSION, integrity);
  return { version: VERSION, binary: join(folder, 'bin', 'node'), licence: join(folder, 'LICENSE') };
}
