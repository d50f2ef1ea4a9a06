// Lays packages out as repositories that apt and dnf read: plain files for any web server.
//   npm run package:repository -- --sign=<key id> [output folder]     default: scratch/repository
// Takes what npm run package:linux put into scratch/packages. Needs apt-ftparchive (Debian's apt-utils), createrepo_c and, to sign, gpg and rpmsign (Debian's package rpm).
// Without --sign both have to be told to trust it: [trusted=yes] for apt, gpgcheck=0 for dnf.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const ARCHITECTURES = ['amd64', 'arm64'];
const SUITE = 'stable';
const { values, positionals } = parseArgs({
  options: { sign: { type: 'string' }, packages: { type: 'string', default: join(root, 'scratch', 'packages') } },
  allowPositionals: true,
});
const output = resolve(positionals[0] ?? join(root, 'scratch', 'repository'));
const packages = readdirSync(values.packages);

rmSync(output, { recursive: true, force: true });
layOutApt(join(output, 'apt'));
layOutRpm(join(output, 'rpm'));
if (values.sign !== undefined)
  gpg('--export', '--armor', '--output', join(output, 'tcpstate-exporter.asc'), values.sign);
process.stdout.write(`${output}\n`);

/** https://wiki.debian.org/DebianRepository/Format */
function layOutApt(folder) {
  copyEnding('.deb', join(folder, 'pool'));
  for (const architecture of ARCHITECTURES) {
    const index = join(folder, 'dists', SUITE, 'main', `binary-${architecture}`);
    mkdirSync(index, { recursive: true });
    const text = run('apt-ftparchive', ['--arch', architecture, 'packages', 'pool'], folder);
    writeFileSync(join(index, 'Packages'), text);
    writeFileSync(join(index, 'Packages.gz'), gzipSync(text));
  }
  const suite = join(folder, 'dists', SUITE);
  const fields = {
    Origin: 'tcpstate-exporter',
    Suite: SUITE,
    Components: 'main',
    Architectures: ARCHITECTURES.join(' '),
  };
  const options = Object.entries(fields).flatMap(([name, value]) => [
    '-o',
    `APT::FTPArchive::Release::${name}=${value}`,
  ]);
  writeFileSync(join(suite, 'Release'), run('apt-ftparchive', [...options, 'release', '.'], suite));
  sign(['--clearsign', '--output', join(suite, 'InRelease'), join(suite, 'Release')]);
}

function layOutRpm(folder) {
  const files = copyEnding('.rpm', folder);
  const settings = { _gpg_name: values.sign, __gpg: '/usr/bin/gpg' }; // Debian's rpm looks for gpg2
  const defines = Object.entries(settings).map(([name, value]) => `--define=${name} ${value}`);
  if (values.sign !== undefined) run('rpmsign', [...defines, '--addsign', ...files]);
  run('createrepo_c', ['--quiet', folder]);
  sign(['--armor', '--detach-sign', join(folder, 'repodata', 'repomd.xml')]);
}

function copyEnding(ending, folder) {
  mkdirSync(folder, { recursive: true });
  const wanted = packages.filter((name) => name.endsWith(ending));
  if (wanted.length === 0) throw new Error(`${values.packages} has no ${ending}: npm run package:linux`);
  return wanted.map((name) => {
    const copy = join(folder, name);
    copyFileSync(join(values.packages, name), copy);
    return copy;
  });
}

function sign(args) {
  if (values.sign !== undefined) gpg('--local-user', values.sign, ...args);
}

function gpg(...args) {
  run('gpg', ['--batch', '--yes', ...args]);
}

function run(program, args, cwd = root) {
  return execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
