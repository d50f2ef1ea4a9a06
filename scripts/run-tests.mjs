// Runs every *.test.ts below test/ (or only the files and folders named as arguments) with node:test. Plain Node, no dependencies.
// Live tests make network namespaces: without root the whole run goes into a user namespace, where the kernel lets it.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Suites that have a command of their own (npm run test:…). */
const SEPARATE = [
  'test/hostile',
  'test/windows',
  'test/packages',
  'test/package-windows',
  'test/dashboards',
  'test/deploy',
  'test/faults',
];

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const options = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const files = named.length > 0 ? named.flatMap((path) => testFiles(resolve(path))) : allTestFiles();
if (files.length === 0) {
  process.stderr.write('run-tests: no test file found\n');
  process.exit(1);
}

const command = [process.execPath, '--import', 'tsx', '--test', '--test-concurrency=2', ...options, ...files];
const [program, ...args] = [...userNamespace(), ...command];
const result = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
process.exit(result.status ?? 1);

function allTestFiles() {
  return testFiles(join(root, 'test')).filter((file) => !SEPARATE.some((folder) => file.startsWith(`${folder}/`)));
}

function testFiles(path) {
  if (statSync(path).isFile()) return [relative(root, path)];
  return readdirSync(path, { recursive: true })
    .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
    .map((name) => relative(root, join(path, name)))
    .sort();
}

function userNamespace() {
  if (process.platform !== 'linux' || process.getuid() === 0) return [];
  const works = spawnSync('unshare', ['-r', 'true'], { stdio: 'ignore' }).status === 0;
  if (!works) process.stderr.write('run-tests: "unshare -r" does not work here: live tests will be skipped\n');
  return works ? ['unshare', '-r', '--'] : [];
}
