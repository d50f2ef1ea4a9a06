// npm run package:linux: packages for Debian and for rpm, and a folder in a tar that runs anywhere, each with its own Node.js and an SBOM.
// Needs tar, gzip, dpkg-deb, rpmbuild (Debian's package rpm) and strip (binutils; for the other architecture binutils-aarch64-linux-gnu
// or binutils-x86-64-linux-gnu). The same commit gives the same bytes.
// Usage: node deploy/linux/package.mjs [--arch=x64|arm64] [output folder]     default: this machine's, scratch/packages
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from '../bundle/bundle.mjs';
import { fetchNode } from '../bundle/node-binary.mjs';
import { namesOfLicences } from '../bundle/notices.mjs';
import { readSourceDate } from '../bundle/revision.mjs';
import { writeSbom } from '../bundle/sbom.mjs';
import { buildDebianPackage } from '../debian/package.mjs';
import { buildRpmPackage } from '../rpm/package.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** What Debian calls the strip of each: that of another architecture does not know its files. */
const STRIP = { x64: 'x86_64-linux-gnu-strip', arm64: 'aarch64-linux-gnu-strip' };
const { values, positionals } = parseArgs({
  options: { arch: { type: 'string', default: process.arch } },
  allowPositionals: true,
});
const { arch } = values;
if (!(arch in STRIP)) throw new Error(`no packages for --arch=${arch}: there are ${Object.keys(STRIP).join(' and ')}`);
const target = `linux-${arch}`;
const output = resolve(positionals[0] ?? join(root, 'scratch', 'packages'));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const name = `tcpstate-exporter-${version}-${target}`;

mkdirSync(output, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'tcpstate-package-'));
try {
  const node = fetchNode(target);
  const program = join(work, name);
  const licences = await fillProgram(program, node);
  const date = readSourceDate();
  const files = [
    writeTar(program, date),
    buildDebianPackage({ program, arch, work, output, version, date, licences: ['Node.js', ...licences] }),
    buildRpmPackage({ program, arch, work, output, version, date, licences }),
    writeSbom(join(output, `${name}.cdx.json`), node),
  ];
  for (const file of files) writeDigest(file);
  process.stdout.write(files.map((file) => `${file}\n`).join(''));
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** The program, its Node.js and what starts it. Returns the names of the licences of its packages. */
async function fillProgram(folder, node) {
  const packages = await bundle({ folder, target });
  copyFileSync(node.binary, join(folder, 'node'));
  copyFileSync(join(root, 'deploy', 'debian', 'launcher'), join(folder, 'tcpstate-exporter'));
  symlinkSync('tcpstate-exporter', join(folder, 'tcpstate')); // shorter, for `tcpstate diagnose`
  const notices = join(folder, 'THIRD-PARTY-NOTICES');
  const licence = readFileSync(node.licence, 'utf8');
  writeFileSync(notices, `Node.js ${node.version}\n\n${licence}\n`, { flag: 'a' });
  removeHashbang(join(folder, 'dist', 'main.js'));
  setModes(folder);
  const strip = arch === process.arch ? 'strip' : STRIP[arch];
  for (const native of ['node', ...nativeFiles(folder)]) {
    execFileSync(strip, ['--strip-unneeded', '--enable-deterministic-archives', join(folder, native)]);
  }
  return namesOfLicences(packages);
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

function writeTar(program, date) {
  const file = join(output, `${name}.tar.gz`);
  const owner = ['--owner=0', '--group=0', '--numeric-owner'];
  const archive = ['--sort=name', `--mtime=@${date}`, ...owner, '--use-compress-program=gzip -6n', '-cf', file];
  execFileSync('tar', [...archive, '-C', dirname(program), name]);
  return file;
}

/** In the form that `sha256sum --check` reads. */
function writeDigest(file) {
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  writeFileSync(`${file}.sha256`, `${digest}  ${file.slice(dirname(file).length + 1)}\n`);
}
