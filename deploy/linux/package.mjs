// npm run package:linux: packages for Debian and for rpm, and a folder in a tar that runs anywhere, each with its own Node.js and an SBOM.
// Needs tar, gzip, strip (binutils; for the other architecture binutils-aarch64-linux-gnu or binutils-x86-64-linux-gnu), and for each
// package its own tool: dpkg-deb, rpmbuild (Debian's package rpm). The same commit gives the same bytes.
// Usage: node deploy/linux/package.mjs [--arch=x64|arm64] [output folder]     default: this machine's, scratch/packages
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeDigest } from '../bundle/digest.mjs';
import { hasProgram } from '../bundle/has-program.mjs';
import { readSourceDate } from '../bundle/revision.mjs';
import { writeSbom } from '../bundle/sbom.mjs';
import { buildDebianPackage } from '../debian/package.mjs';
import { buildRpmPackage } from '../rpm/package.mjs';
import { fillProgram } from './program.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values, positionals } = parseArgs({
  options: { arch: { type: 'string', default: process.arch } },
  allowPositionals: true,
});
const { arch } = values;
const target = `linux-${arch}`;
const output = resolve(positionals[0] ?? join(root, 'scratch', 'packages'));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const name = `tcpstate-exporter-${version}-${target}`;

mkdirSync(output, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'tcpstate-package-'));
try {
  const program = join(work, name);
  const { node, licences } = await fillProgram(program, arch);
  const date = readSourceDate();
  const options = { program, arch, work, output, version, date };
  const files = [writeTar(program, date)];
  if (hasProgram('dpkg-deb', 'no Debian package', 'your distribution may have it as dpkg'))
    files.push(buildDebianPackage({ ...options, licences: ['Node.js', ...licences] }));
  if (hasProgram('rpmbuild', 'no rpm package', 'apt-get install rpm, or dnf install rpm-build'))
    files.push(buildRpmPackage({ ...options, licences }));
  files.push(writeSbom(join(output, `${name}.cdx.json`), node));
  for (const file of files) writeDigest(file);
  process.stdout.write(files.map((file) => `${file}\n`).join(''));
} finally {
  rmSync(work, { recursive: true, force: true });
}

function writeTar(program, date) {
  const file = join(output, `${name}.tar.gz`);
  const owner = ['--owner=0', '--group=0', '--numeric-owner'];
  const archive = ['--sort=name', `--mtime=@${date}`, ...owner, '--use-compress-program=gzip -6n', '-cf', file];
  execFileSync('tar', [...archive, '-C', dirname(program), name]);
  return file;
}
