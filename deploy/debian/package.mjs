// Packs what deploy/linux/tree.mjs laid out as Debian's policy wants it, by dpkg-deb. https://www.debian.org/doc/debian-policy/
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONFFILE, compress, DOC, layOut, NAME, setFolderModes, writeInto } from '../linux/tree.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };
/** The symbols that Node.js and koffi take from these libraries came with these versions. */
const DEPENDS =
  'libc6 (>= 2.28), libgcc-s1 (>= 3.4), libstdc++6 (>= 5.2), systemd | systemd-standalone-sysusers | systemd-sysusers';
const DESCRIPTION = [
  ' Serves the TCP sockets of this host by state, local port, remote IP and owning',
  ' process, how full the range of ephemeral ports is, CLOSE_WAIT leaks, accept',
  ' queues and the limits that govern them.',
  ' .',
  ' The package brings its own Node.js, and a service that listens on port 10048.',
];
/** xz -2 packs 107 MB of Node.js into 30 MB in 6 s; -6 needs 52 s for 27 MB. */
const COMPRESSION = ['-Zxz', '-z2'];

/**
 * Writes <name>_<version>-1_<architecture>.deb into `output` and returns its path.
 * @param {{ program: string, arch: string, work: string, output: string, version: string, date: number, licences: string[] }} options
 * program: a folder with everything that runs; arch: as process.arch; date: seconds since 1970
 * @returns {string}
 */
export function buildDebianPackage({ program, arch, work, output, version, date, licences }) {
  const tree = join(work, 'debian');
  const write = (path, content, mode) => writeInto(tree, path, content, mode);
  layOut({ tree, program, version, date });
  placeDocuments(write, { version, date, licences });
  placeControl(write, tree, { version, arch });
  setFolderModes(tree);
  const file = join(output, `${NAME}_${version}-1_${ARCHITECTURES[arch]}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', ...COMPRESSION, '--build', tree, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(date) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return file;
}

function placeDocuments(write, { version, date, licences }) {
  const source = (file) => readFileSync(join(root, 'deploy/debian', file), 'utf8');
  const { name, email } = maintainer();
  const day = new Date(date * 1000).toUTCString().replace('GMT', '+0000');
  const entry = `${NAME} (${version}-1) unstable; urgency=medium\n\n  * Release ${version}; changelog.gz tells what is new.\n\n -- ${name} <${email}>  ${day}\n`;
  write(`${DOC}/changelog.Debian.gz`, compress(entry));
  write(`${DOC}/copyright`, source('copyright').replace('@LICENCES@', licences.join(' and ')));
  write(`usr/share/lintian/overrides/${NAME}`, source('lintian-overrides'));
}

function placeControl(write, tree, { version, arch }) {
  const files = filesBelow(tree);
  const { name, email } = maintainer();
  const kilobytes = files.reduce((sum, file) => sum + Math.ceil(statSync(join(tree, file)).size / 1024), 0);
  const fields = [
    `Package: ${NAME}`,
    `Version: ${version}-1`,
    `Architecture: ${ARCHITECTURES[arch]}`,
    `Maintainer: ${name} <${email}>`,
    `Installed-Size: ${kilobytes}`,
    `Depends: ${DEPENDS}`,
    'Section: net',
    'Priority: optional',
    'Description: Prometheus exporter for TCP sockets and ephemeral ports',
    ...DESCRIPTION,
  ];
  write('DEBIAN/control', `${fields.join('\n')}\n`);
  write('DEBIAN/conffiles', `/${CONFFILE}\n`);
  write('DEBIAN/md5sums', files.map((file) => `${md5(join(tree, file))}  ${file}\n`).join(''));
  for (const script of ['postinst', 'prerm', 'postrm']) {
    write(`DEBIAN/${script}`, readFileSync(join(root, 'deploy/debian', script)), 0o755);
  }
}

/** As Debian's own tools take it from the environment. */
function maintainer() {
  const { DEBFULLNAME = 'tcpstate-exporter authors', DEBEMAIL = 'authors@tcpstate-exporter.example' } = process.env;
  return { name: DEBFULLNAME, email: DEBEMAIL };
}

function filesBelow(tree) {
  return readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(tree, join(entry.parentPath, entry.name)))
    .sort();
}

function md5(file) {
  return createHash('md5').update(readFileSync(file)).digest('hex');
}
