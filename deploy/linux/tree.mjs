// What every package for Linux installs, and where: the program, its service, its documents. Packages add what their format wants.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const NAME = 'tcpstate-exporter';
/** The same program, for `tcpstate diagnose`. */
const SHORT_NAME = 'tcpstate';
export const CONFFILE = `etc/default/${NAME}`;
export const DOC = `usr/share/doc/${NAME}`;
/** Each unit as it is in deploy/systemd, and where Debian 13 keeps units; on 12, /lib is a link to /usr/lib. */
const UNITS = ['tcpstate-exporter.service', 'tcpstate-exporter.socket'];
const UNIT_FOLDER = 'usr/lib/systemd/system';

/**
 * @param {{ tree: string, program: string, version: string, date: number }} options program: a folder with everything that runs;
 * date: seconds since 1970
 */
export function layOut({ tree, program, version, date }) {
  placeProgram(tree, program);
  placeService(tree);
  placeDocuments(tree, { program, version, date });
}

function placeProgram(tree, program) {
  const place = join(tree, 'usr/lib', NAME);
  cpSync(program, place, { recursive: true, verbatimSymlinks: true });
  for (const document of ['LICENSE', 'THIRD-PARTY-NOTICES', 'node_modules/koffi/LICENSE.txt'])
    rmSync(join(place, document));
  mkdirSync(join(tree, 'usr/bin'), { recursive: true });
  for (const command of [NAME, SHORT_NAME]) symlinkSync(`../lib/${NAME}/${NAME}`, join(tree, 'usr/bin', command));
}

function placeService(tree) {
  const source = (file) => readFileSync(join(root, 'deploy/systemd', file));
  for (const unit of UNITS) writeInto(tree, `${UNIT_FOLDER}/${unit}`, source(unit));
  writeInto(tree, `usr/lib/sysusers.d/${NAME}.conf`, source(`${NAME}.sysusers`));
  writeInto(tree, CONFFILE, source(`${NAME}.env`));
  for (const example of ['without-owners.conf', 'with-kernel-reader.conf'])
    writeInto(tree, `${DOC}/examples/${example}`, source(example));
}

function placeDocuments(tree, { program, version, date }) {
  const manPage = execFileSync(
    process.execPath,
    ['--import', 'tsx', 'deploy/linux/man-page.ts', version, String(date)],
    {
      cwd: root,
    },
  );
  writeInto(tree, `usr/share/man/man8/${NAME}.8.gz`, compress(manPage));
  symlinkSync(`${NAME}.8.gz`, join(tree, `usr/share/man/man8/${SHORT_NAME}.8.gz`));
  writeInto(tree, `${DOC}/changelog.gz`, compress(readFileSync(join(root, 'CHANGELOG.md'))));
  writeInto(tree, `${DOC}/THIRD-PARTY-NOTICES.gz`, compress(readFileSync(join(program, 'THIRD-PARTY-NOTICES'))));
}

/**
 * @param {string} tree
 * @param {string} path
 * @param {string | Buffer} content
 * @param {number} [mode]
 */
export function writeInto(tree, path, content, mode = 0o644) {
  const file = join(tree, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
}

/** Whatever the umask is. */
export function setFolderModes(tree) {
  chmodSync(tree, 0o755);
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), 0o755);
  }
}

/** Without a time stamp: Node writes none. */
export function compress(content) {
  return gzipSync(content, { level: constants.Z_BEST_COMPRESSION });
}
