// Puts the program with everything it needs except Node itself into one folder, for one platform: what every package ships.
// Usage: node deploy/bundle/bundle.mjs <folder> [platform-arch]     for example: scratch/bundle win32-x64
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { fetchLockedPackage } from './fetch-package.mjs';
import { formatNotices } from './notices.mjs';
import { readRevision } from './revision.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = join(root, 'node_modules');
/** Packages written for CommonJS ask for these; a module has neither. */
const COMMONJS = [
  `import { createRequire as makeRequire } from 'node:module';`,
  'const require = makeRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;',
].join('\n');
/** Of koffi everything but these is its C++ source. Its native half is a package of its own for each platform. */
const KOFFI_FILES = ['package.json', 'LICENSE.txt', 'index.js', 'src/koffi/index.js', 'src/koffi/src/static.js'];
/** The native half for Linux has a binary for either libc: packages bring Node for glibc. */
const MUSL_BINARY = /[\\/]musl_[^\\/]+$/;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, target = `${process.platform}-${process.arch}`] = process.argv.slice(2);
  if (folder === undefined) throw new Error('usage: node deploy/bundle/bundle.mjs <folder> [platform-arch]');
  await bundle({ folder: resolve(folder), target });
}

/**
 * Fills `folder`, emptied before, with dist/, package.json, LICENSE, THIRD-PARTY-NOTICES and koffi for the target.
 * `node dist/main.js` in it runs the exporter. Returns the folders of the packages whose code is inside.
 * @param {{ folder: string, target: string }} options target: process.platform and process.arch with a dash between
 * @returns {Promise<string[]>}
 */
export async function bundle({ folder, target }) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'dist'), { recursive: true });
  const native = placeKoffi(folder, target);
  const packages = [...(await bundleCode(join(folder, 'dist'))), join(modules, 'koffi'), native].sort();
  writeFileSync(join(folder, 'dist', 'REVISION'), `${readRevision()}\n`);
  writeFileSync(join(folder, 'THIRD-PARTY-NOTICES'), formatNotices(packages));
  writeFileSync(join(folder, 'package.json'), manifest());
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  return packages;
}

/**
 * The main thread and the collector thread, each with a file of its own: both are known by their place beside each other. What is
 * imported only when needed is in further ones: a verdict in the terminal does not wait for the server to be parsed.
 */
async function bundleCode(outdir) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: 'src/main.ts', worker: 'src/collector/worker.ts' },
    outdir,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20.17',
    format: 'esm',
    external: ['koffi'],
    banner: { js: COMMONJS },
    legalComments: 'none', // THIRD-PARTY-NOTICES has them, in full
    metafile: true,
    logLevel: 'warning',
  });
  const folders = Object.keys(metafile.inputs).map(packageOf);
  return [...new Set(folders.filter((each) => each !== undefined))];
}

/** node_modules/a/node_modules/@b/c/lib/d.js → …/node_modules/a/node_modules/@b/c */
function packageOf(input) {
  const match = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input.replaceAll(sep, '/'));
  return match === null ? undefined : join(root, match[0]);
}

function placeKoffi(folder, target) {
  const name = `@koromix/koffi-${target}`;
  const native = fetchLockedPackage(name);
  for (const file of KOFFI_FILES) cpSync(join(modules, 'koffi', file), join(folder, 'node_modules', 'koffi', file));
  cpSync(native, join(folder, 'node_modules', name), {
    recursive: true,
    filter: (path) => !MUSL_BINARY.test(path) && !path.endsWith('README.md'),
  });
  return native;
}

/** What the program reads of package.json, and what tells Node that its files are modules. */
function manifest() {
  const { name, version, description, license, type } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return `${JSON.stringify({ name, version, description, license, type }, undefined, 2)}\n`;
}
