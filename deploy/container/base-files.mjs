// What the image needs of Debian: the C and C++ libraries of Node.js, and setpriv. No shell, no package manager, nothing that becomes another user.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const SUITE = 'trixie'; // as the Dockerfile's base
const SOURCES = [
  `http://deb.debian.org/debian ${SUITE} main`,
  `http://deb.debian.org/debian ${SUITE}-updates main`,
  `http://deb.debian.org/debian-security ${SUITE}-security main`,
];
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };
/** Package → what is taken of it. */
const PACKAGES = {
  libc6: ['usr/lib', 'usr/lib64'],
  'gcc-14-base': [], // the copyright of the next two
  'libgcc-s1': ['usr/lib'],
  'libstdc++6': ['usr/lib'],
  'libcap-ng0': ['usr/lib'],
  'util-linux': ['usr/bin/setpriv'],
};
/** Conversions of character sets, and hooks for a debugger. */
const LEFT_OUT = /\/(gconv|audit)(\/|$)|-gdb\.py$/;

/**
 * Fills `folder` with these files and what scanners of images read of their packages.
 * @param {string} folder
 * @param {string} arch as process.arch
 * @returns {{ name: string, version: string, architecture: string }[]} the packages
 */
export function placeBaseFiles(folder, arch) {
  const architecture = ARCHITECTURES[arch];
  const shelf = fetchPackages(architecture);
  const packages = readdirSync(shelf).map((file) => placePackage(folder, join(shelf, file)));
  for (const link of ['lib', 'lib64', 'bin'])
    if (existsSync(join(folder, 'usr', link))) symlinkSync(`usr/${link}`, join(folder, link));
  writeInto(folder, 'etc/passwd', 'root:x:0:0:root:/:/nologin\nnobody:x:65534:65534:nobody:/:/nologin\n');
  writeInto(folder, 'etc/group', 'root:x:0:\nnogroup:x:65534:\n');
  return packages.map((each) => ({ ...each, architecture }));
}

function placePackage(folder, file) {
  const field = (name) => execFileSync('dpkg-deb', ['--field', file, name], { encoding: 'utf8' }).trim();
  const name = field('Package');
  const work = mkdtempSync(join(dirname(folder), 'debian-'));
  execFileSync('dpkg-deb', ['--extract', file, work]);
  const doc = `usr/share/doc/${name}`;
  const copyright = lstatSync(join(work, doc)).isSymbolicLink() ? doc : `${doc}/copyright`; // of another package, perhaps
  for (const path of [...PACKAGES[name].filter((each) => existsSync(join(work, each))), copyright])
    cpSync(join(work, path), join(folder, path), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !LEFT_OUT.test(source),
    });
  rmSync(work, { recursive: true });
  // as in images without dpkg: https://github.com/GoogleContainerTools/distroless
  writeInto(folder, `var/lib/dpkg/status.d/${name}`, execFileSync('dpkg-deb', ['--field', file], { encoding: 'utf8' }));
  return { name, version: field('Version') };
}

/** Downloads what is newest today, by apt with a state of its own; a second build takes the same files. Remove the folder for newer ones. */
function fetchPackages(architecture) {
  const shelf = join(root, 'scratch', 'fetched', `debian-${SUITE}-${architecture}`);
  if (existsSync(shelf)) return shelf;
  mkdirSync(dirname(shelf), { recursive: true });
  const work = mkdtempSync(join(dirname(shelf), '.work-'));
  try {
    for (const folder of ['lists/partial', 'cache/archives/partial', 'packages'])
      mkdirSync(join(work, folder), { recursive: true });
    const keys = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
    writeFileSync(join(work, 'sources'), SOURCES.map((source) => `deb ${keys} ${source}\n`).join(''));
    writeFileSync(join(work, 'status'), '');
    const settings = {
      'Dir::Etc::SourceList': join(work, 'sources'),
      'Dir::Etc::SourceParts': '/dev/null',
      'Dir::Etc::PreferencesParts': '/dev/null',
      'Dir::State::Lists': join(work, 'lists'),
      'Dir::State::status': join(work, 'status'),
      'Dir::Cache': join(work, 'cache'),
      'APT::Architecture': architecture,
      'APT::Architectures': architecture,
      'APT::Sandbox::User': 'root',
    };
    const options = ['-qq', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
    const apt = (...args) =>
      execFileSync('apt-get', [...options, ...args], { cwd: join(work, 'packages'), stdio: ['ignore', 2, 2] });
    apt('update');
    apt('download', ...Object.keys(PACKAGES));
    renameSync(join(work, 'packages'), shelf);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return shelf;
}

function writeInto(folder, path, content) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}
