import { existsSync, readFileSync } from 'node:fs';
import type { BuildInfo } from './metrics/build-info.ts';

/** Version from package.json, one folder above this file in src/ and dist/ alike; revision from a file REVISION beside it, empty without one. */
export function readBuild(folder: URL = new URL('.', import.meta.url)): BuildInfo {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', folder), 'utf8')) as { version: string };
  const revisionFile = new URL('REVISION', folder);
  return {
    version,
    revision: existsSync(revisionFile) ? readFileSync(revisionFile, 'utf8').trim() : '',
    nodeVersion: process.version,
    platform: process.platform,
  };
}

/** The text of `--version`. */
export function formatVersion({ version, revision, nodeVersion, platform }: BuildInfo): string {
  const commit = revision === '' ? '' : ` (revision ${revision})`;
  return `tcpstate-exporter ${version}${commit}\nNode.js ${nodeVersion} on ${platform}\n`;
}
