// The folder that is installed, and that the zip holds: the bundled program with Windows' node.exe beside it.
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../bundle/bundle.mjs';
import { fetchNode } from '../bundle/node-binary.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * Fills `folder`, emptied before.
 * @param {string} folder
 */
export async function fillProgramFolder(folder) {
  await bundle({ folder, target: 'win32-x64' });
  const node = fetchNode('win32-x64');
  cpSync(node.binary, join(folder, 'node.exe'));
  cpSync(node.licence, join(folder, 'LICENSE-node.txt'));
  for (const file of ['tcpstate-exporter.cmd', 'INSTALL.md']) cpSync(join(here, file), join(folder, file));
  cpSync(join(here, 'tcpstate-exporter.cmd'), join(folder, 'tcpstate.cmd')); // shorter, for `tcpstate diagnose`
}
