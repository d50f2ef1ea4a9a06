import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { formatVersion, readBuild } from '../src/version.ts';

it('reads the version of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  assert.deepEqual(readBuild(), { version, revision: '', nodeVersion: process.version, platform: process.platform });
});

it('reads the revision that a build left beside it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-version-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'dist'));
  writeFileSync(join(folder, 'package.json'), '{"version":"9.8.7"}');
  writeFileSync(join(folder, 'dist', 'REVISION'), 'abc1234\n');
  const build = readBuild(pathToFileURL(`${join(folder, 'dist')}/`));
  assert.equal(build.version, '9.8.7');
  assert.equal(build.revision, 'abc1234');
  assert.match(
    formatVersion(build),
    /^tcpstate-exporter, version 9\.8\.7 \(revision: abc1234\)\n {2}node version: v\d.*\n {2}platform: \w+\n$/,
  );
});

it('says nothing about a revision that is not known', () => {
  const build = { version: '1.0.0', revision: '', nodeVersion: 'v20.17.0', platform: 'linux' };
  assert.equal(formatVersion(build), 'tcpstate-exporter, version 1.0.0\n  node version: v20.17.0\n  platform: linux\n');
});
