// Fetches one npm package into scratch/, whatever platform it is for, and checks it against a known digest.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const shelf = join(root, 'scratch', 'fetched');

/**
 * The folder of an unpacked package. `integrity` is what package-lock.json writes: sha512-<base64>.
 * A package that was fetched before is not fetched again; the folder is never half filled.
 * @param {string} name
 * @param {string} version
 * @param {string} integrity
 * @returns {string}
 */
export function fetchPackage(name, version, integrity) {
  const folder = join(shelf, `${name.replace('/', '+')}-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(shelf, { recursive: true });
  const work = mkdtempSync(join(shelf, '.work-'));
  try {
    run('npm', ['pack', `${name}@${version}`, '--silent', '--ignore-scripts'], work);
    const [tarball] = readdirSync(work);
    checkDigest(join(work, tarball), integrity, `${name}@${version}`);
    run('tar', ['-xzf', tarball], work);
    if (!existsSync(folder)) renameSync(join(work, 'package'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

/**
 * A package that package-lock.json knows, for this or another platform.
 * @param {string} name
 * @returns {string}
 */
export function fetchLockedPackage(name) {
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[`node_modules/${name}`];
  if (locked === undefined) throw new Error(`package-lock.json does not name ${name}`);
  return fetchPackage(name, locked.version, locked.integrity);
}

function checkDigest(file, integrity, what) {
  const digest = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (digest !== integrity) throw new Error(`${what} has the digest ${digest} instead of ${integrity}`);
}

function run(command, args, cwd) {
  const { error, status, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (error) throw new Error(`cannot run ${command}: ${error.message}`);
  if (status !== 0) throw new Error(`"${command} ${args.join(' ')}" failed with exit code ${status}: ${stderr}`);
}
