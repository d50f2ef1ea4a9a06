// Builds the packages for Windows: out/tcpstate-exporter-<version>-win-x64.msi and .zip. Needs wixl, msitools and zip.
// Usage: node deploy/windows/package.mjs [--out=<folder>] [--version=<version>]
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readSourceDate } from '../bundle/revision.mjs';
import { ACTION_QUERIES } from './msi-actions.mjs';
import { TABLE_QUERIES } from './msi-tables.mjs';
import { formatProgramFiles } from './program-files.mjs';
import { fillProgramFolder } from './program-folder.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');

const { values } = parseArgs({ options: { out: { type: 'string' }, version: { type: 'string' } } });
const version = values.version ?? JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
await buildPackages(resolve(values.out ?? join(root, 'out')), version);

async function buildPackages(out, version) {
  mkdirSync(join(root, 'scratch'), { recursive: true });
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(root, 'scratch', 'package-windows-'));
  const name = `tcpstate-exporter-${version}-win-x64`;
  const folder = join(work, name);
  try {
    await fillProgramFolder(folder);
    zipFolder(name, work);
    buildInstaller(folder, `${name}.msi`, work, msiVersion(version));
    for (const file of [`${name}.zip`, `${name}.msi`]) {
      renameSync(join(work, file), join(out, file));
      process.stdout.write(`${join(out, file)}\n`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function buildInstaller(folder, msi, work, version) {
  // wixl takes paths from the folder of the source that names them
  cpSync(join(here, 'tcpstate-exporter.wxs'), join(work, 'tcpstate-exporter.wxs'));
  writeFileSync(join(work, 'program-files.wxs'), formatProgramFiles(folder, basename(folder)));
  const defined = ['-D', `Version=${version}`, '-D', `Folder=${basename(folder)}`];
  const sources = ['tcpstate-exporter.wxs', 'program-files.wxs'];
  run('wixl', ['--arch', 'x64', ...defined, '--output', msi, ...sources], work);
  run('msibuild', [msi, ...[...TABLE_QUERIES, ...ACTION_QUERIES].flatMap((query) => ['-q', query])], work);
}

/** Windows Installer compares three numbers, and takes nothing else. */
function msiVersion(version) {
  const match = /^(\d+\.\d+\.\d+)/.exec(version);
  if (match === null) throw new Error(`no version for an installer: ${version}`);
  return match[1];
}

/** Names, dates and times of the files are the same each time. */
function zipFolder(name, work) {
  const paths = [name, ...readdirSync(join(work, name), { recursive: true }).map((path) => join(name, path))].sort();
  const seconds = readSourceDate();
  for (const path of paths) utimesSync(join(work, path), seconds, seconds);
  run('zip', ['-q', '-X', `${name}.zip`, ...paths], work);
}

function run(command, args, cwd) {
  const { error, status } = spawnSync(command, args, {
    cwd,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, TZ: 'UTC' },
  });
  if (error) throw new Error(`cannot run ${command} (apt-get install wixl msitools zip): ${error.message}`);
  if (status !== 0) throw new Error(`${command} failed with exit code ${status}`);
}
