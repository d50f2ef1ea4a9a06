// The program with its own Node.js, as packages and the image bring it.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../bundle/bundle.mjs';
import { fetchNode } from '../bundle/node-binary.mjs';
import { namesOfLicences } from '../bundle/notices.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** The strip of each, and Debian's package of it: that of another architecture does not know its files. */
const STRIP = {
  x64: { program: 'x86_64-linux-gnu-strip', from: 'binutils-x86-64-linux-gnu' },
  arm64: { program: 'aarch64-linux-gnu-strip', from: 'binutils-aarch64-linux-gnu' },
};
const OWN_STRIP = { program: 'strip', from: 'binutils' };

/**
 * Fills `folder` with the program, its Node.js and what starts it.
 * @param {string} folder
 * @param {string} arch as process.arch
 * @returns {Promise<{ node: { version: string }, licences: string[] }>} licences: the names of those of its packages
 */
export async function fillProgram(folder, arch) {
  if (!(arch in STRIP))
    throw new Error(`nothing is built for --arch=${arch}: there are ${Object.keys(STRIP).join(' and ')}`);
  const { program, from } = arch === process.arch ? OWN_STRIP : STRIP[arch];
  if (spawnSync(program, ['--version']).error) throw new Error(`cannot run ${program}: apt-get install ${from}`);
  const node = fetchNode(`linux-${arch}`);
  const packages = await bundle({ folder, target: `linux-${arch}` });
  copyFileSync(node.binary, join(folder, 'node'));
  copyFileSync(join(root, 'deploy', 'debian', 'launcher'), join(folder, 'tcpstate-exporter'));
  symlinkSync('tcpstate-exporter', join(folder, 'tcpstate')); // shorter, for `tcpstate diagnose`
  const notices = join(folder, 'THIRD-PARTY-NOTICES');
  const licence = readFileSync(node.licence, 'utf8');
  writeFileSync(notices, `Node.js ${node.version}\n\n${licence}\n`, { flag: 'a' });
  removeHashbang(join(folder, 'dist', 'main.js'));
  setModes(folder);
  for (const native of ['node', ...nativeFiles(folder)]) {
    execFileSync(program, ['--strip-unneeded', '--enable-deterministic-archives', join(folder, native)]);
  }
  return { node, licences: namesOfLicences(packages) };
}

/** It would find another Node.js than the one that is brought along. */
function removeHashbang(file) {
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^#!.*\n/, ''));
}

/** Whatever the umask and the source say: everybody reads, nobody but the programs executes. */
function setModes(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
  for (const program of ['.', 'node', 'tcpstate-exporter']) chmodSync(join(folder, program), 0o755);
}

function nativeFiles(folder) {
  return readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.node'));
}
