// Packs what deploy/linux/tree.mjs laid out for RHEL, Fedora, SUSE and their kin, by rpmbuild.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layOut, NAME, setFolderModes, writeInto } from '../linux/tree.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };

/**
 * Writes <name>-<version>-1.<architecture>.rpm into `output` and returns its path.
 * @param {{ program: string, arch: string, work: string, output: string, version: string, date: number, licences: string[] }} options
 * program: a folder with everything that runs; arch: as process.arch; date: seconds since 1970; licences: SPDX names
 * @returns {string}
 */
export function buildRpmPackage({ program, arch, work, output, version, date, licences }) {
  const folder = join(work, 'rpm');
  const tree = join(folder, 'tree');
  layOut({ tree, program, version, date });
  writeInto(tree, `usr/share/licenses/${NAME}/LICENSE`, readFileSync(join(root, 'LICENSE')));
  setFolderModes(tree);
  const rpmVersion = version.replace('-', '~'); // sorts before the release, and rpm allows no dash
  const filled = { VERSION: rpmVersion, TREE: tree, LICENCES: [...new Set(['Apache-2.0', ...licences])].join(' AND ') };
  const spec = readFileSync(join(root, 'deploy/rpm/tcpstate-exporter.spec'), 'utf8');
  writeInto(
    folder,
    'package.spec',
    spec.replaceAll(/@([A-Z]+)@/g, (_, name) => filled[name]),
  );
  const file = `${NAME}-${rpmVersion}-1.${ARCHITECTURES[arch]}.rpm`;
  const defines = { _topdir: folder, _rpmdir: output, _rpmfilename: file };
  execFileSync(
    'rpmbuild',
    [
      '-bb',
      '--quiet',
      `--target=${ARCHITECTURES[arch]}-linux`,
      ...Object.entries(defines).map(([name, value]) => `--define=${name} ${value}`),
      join(folder, 'package.spec'),
    ],
    { env: { ...process.env, SOURCE_DATE_EPOCH: String(date) }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  return join(output, file);
}
