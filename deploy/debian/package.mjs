// Lays a Debian package out as Debian's policy wants it and has dpkg-deb pack it. https://www.debian.org/doc/debian-policy/
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const NAME = 'tcpstate-exporter';
/** The same program, for `tcpstate diagnose`. */
const SHORT_NAME = 'tcpstate';
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };
const CONFFILE = `etc/default/${NAME}`;
const DOC = `usr/share/doc/${NAME}`;
/** Each unit as it is in deploy/systemd, and where Debian 13 keeps units; on 12, /lib is a link to /usr/lib. */
const UNITS = ['tcpstate-exporter.service', 'tcpstate-exporter.socket'];
const UNIT_FOLDER = 'usr/lib/systemd/system';
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
 * @param {{ program: string, work: string, output: string, version: string, date: number, licences: string[] }} options
 * program: a folder with everything that runs; date: seconds since 1970
 * @returns {string}
 */
export function buildDebianPackage({ program, work, output, version, date, licences }) {
  const tree = join(work, 'debian');
  const write = (path, content, mode = 0o644) => writeInto(tree, path, content, mode);
  placeProgram(tree, program);
  placeService(write);
  placeDocuments(write, tree, { program, version, date, licences });
  placeControl(write, tree, version);
  setFolderModes(tree);
  const architecture = ARCHITECTURES[process.arch];
  const file = join(output, `${NAME}_${version}-1_${architecture}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', ...COMPRESSION, '--build', tree, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(date) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return file;
}

function placeProgram(tree, program) {
  const place = join(tree, 'usr/lib', NAME);
  cpSync(program, place, { recursive: true, verbatimSymlinks: true });
  for (const document of ['LICENSE', 'THIRD-PARTY-NOTICES', 'node_modules/koffi/LICENSE.txt'])
    rmSync(join(place, document));
  mkdirSync(join(tree, 'usr/bin'), { recursive: true });
  for (const command of [NAME, SHORT_NAME]) symlinkSync(`../lib/${NAME}/${NAME}`, join(tree, 'usr/bin', command));
}

function placeService(write) {
  const source = (file) => readFileSync(join(root, 'deploy/systemd', file));
  for (const unit of UNITS) write(`${UNIT_FOLDER}/${unit}`, source(unit));
  write(`usr/lib/sysusers.d/${NAME}.conf`, source(`${NAME}.sysusers`));
  write(CONFFILE, source(`${NAME}.env`));
  for (const example of ['without-owners.conf', 'with-kernel-reader.conf'])
    write(`${DOC}/examples/${example}`, source(example));
}

function placeDocuments(write, tree, { program, version, date, licences }) {
  const source = (file) => readFileSync(join(root, file), 'utf8');
  const { name, email } = maintainer();
  const day = new Date(date * 1000).toUTCString().replace('GMT', '+0000');
  const entry = `${NAME} (${version}-1) unstable; urgency=medium\n\n  * Release ${version}; changelog.gz tells what is new.\n\n -- ${name} <${email}>  ${day}\n`;
  const manPage = execFileSync(
    process.execPath,
    ['--import', 'tsx', 'deploy/linux/man-page.ts', version, String(date)],
    {
      cwd: root,
    },
  );
  write(`usr/share/man/man8/${NAME}.8.gz`, compress(manPage));
  symlinkSync(`${NAME}.8.gz`, join(tree, `usr/share/man/man8/${SHORT_NAME}.8.gz`));
  write(`${DOC}/changelog.Debian.gz`, compress(entry));
  write(`${DOC}/changelog.gz`, compress(source('CHANGELOG.md')));
  write(`${DOC}/THIRD-PARTY-NOTICES.gz`, compress(readFileSync(join(program, 'THIRD-PARTY-NOTICES'))));
  write(`${DOC}/copyright`, source('deploy/debian/copyright').replace('@LICENCES@', licences.join(' and ')));
  write(`usr/share/lintian/overrides/${NAME}`, source('deploy/debian/lintian-overrides'));
}

function placeControl(write, tree, version) {
  const files = filesBelow(tree);
  const { name, email } = maintainer();
  const kilobytes = files.reduce((sum, file) => sum + Math.ceil(statSync(join(tree, file)).size / 1024), 0);
  const fields = [
    `Package: ${NAME}`,
    `Version: ${version}-1`,
    `Architecture: ${ARCHITECTURES[process.arch]}`,
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

function setFolderModes(tree) {
  chmodSync(tree, 0o755);
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), 0o755);
  }
}

function writeInto(tree, path, content, mode) {
  const file = join(tree, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
}

/** Without a time stamp: Node writes none. */
function compress(content) {
  return gzipSync(content, { level: constants.Z_BEST_COMPRESSION });
}

function md5(file) {
  return createHash('md5').update(readFileSync(file)).digest('hex');
}
