import { existsSync, readFileSync } from 'node:fs';
import type { BuildInfo } from './model/build-info.ts';

/**
 * Version from package.json, one folder above this file both in src/ and in dist/; revision from the file REVISION
 * beside it, empty if there is none.
 */
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

/** The text of `--version`; its first line has the form of other exporters, because installers read it. */
export function formatVersion({ version, revision, nodeVersion, platform }: BuildInfo): string {
  const commit = revision === '' ? '' : ` (revision: ${revision})`;
  return `tcpstate-exporter, version ${version}${commit}\n  node version: ${nodeVersion}\n  platform: ${platform}\n`;
}
