// Makes a fresh clone ready: installs from the lockfile and builds dist/, each only when stale. Plain Node, no dependencies.
// Usage: node scripts/prepare.mjs [build] [--force]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const wants = new Set(process.argv.slice(2));

checkNodeVersion();
install();
if (wants.has('build')) await build();

function checkNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 17)) return;
  fail(`Node ${process.versions.node} is too old: tcpstate-exporter needs Node 20.17 or newer`);
}

/** npm ci, when package-lock.json is not the one node_modules was installed from. */
function install() {
  const stamp = join(root, 'node_modules', '.prepared');
  const wanted = hashOf([join(root, 'package-lock.json')]);
  if (readStamp(stamp) === wanted) return;
  if (existsSync(join(root, 'node_modules'))) log('dependencies are stale');
  log('installing dependencies from package-lock.json');
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, wanted);
}

/** tsc into an empty dist/, when a source file, the configuration or the lockfile changed since the last build. */
async function build() {
  const stamp = join(root, 'dist', '.built');
  const inputs = [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/prepare.mjs',
  ].map((name) => join(root, name));
  const wanted = hashOf([...inputs, ...filesBelow(join(root, 'src'))]);
  if (!wants.has('--force') && readStamp(stamp) === wanted) return;
  log('building dist/');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']);
  await joinDiagnose();
  writeFileSync(stamp, wanted);
}

/** Two hundred modules in a few files: whoever asks for a verdict waits for each of them. A server starts once, and stays as tsc wrote it. */
async function joinDiagnose() {
  const esbuild = await import('esbuild');
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['dist/start/diagnose.js'],
    outdir: 'dist/start',
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    packages: 'external',
    external: ['../version.js'], // finds package.json by its own place
    platform: 'node',
    target: 'node20.17',
    format: 'esm',
    sourcemap: true,
    logLevel: 'warning',
  });
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function readStamp(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function run(command, args) {
  const isWindows = process.platform === 'win32';
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: isWindows && command === 'npm',
  });
  if (result.error) fail(`cannot run ${command}: ${result.error.message}`);
  if (result.status !== 0) fail(`"${command} ${args.join(' ')}" failed with exit code ${result.status}`);
}

function log(message) {
  process.stderr.write(`prepare: ${message}\n`);
}

function fail(message) {
  process.stderr.write(`prepare: ${message}\n`);
  process.exit(1);
}
