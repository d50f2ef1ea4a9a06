// Runs every *.test.ts below test/ (or only the files and folders named as arguments) with node:test. Plain Node, no dependencies.
// --fast leaves out what takes seconds or needs a large tool, --slow runs what --fast left out: each test file is in exactly one of them.
// Live tests make network namespaces: without root the whole run goes into a user namespace, where the kernel lets it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
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
  'test/incidents',
  'test/kernels',
  'test/page',
];
/** What --fast leaves out: real sockets and whole programs, long random runs, promtool, systemd-analyze, gcc. */
const SLOW = [
  'test/alerts',
  'test/bench',
  'test/e2e',
  'test/fuzz',
  'test/live',
  'test/metrics/promtool.test.ts',
  'test/platform/linux/bpf',
  'test/platform/linux/netlink/inet-diag.test.ts',
  'test/platform/linux/netlink/lookup-request.test.ts',
  'test/platform/linux/owners/gone-sockets.test.ts',
  'test/platform/linux/owners/owner-search.test.ts',
  'test/platform/linux/owners/owners-random.test.ts',
  'test/platform/linux/rows/repeated-rows.test.ts',
  'test/systemd',
  'test/tally/incremental.test.ts',
];
const LANES = new Map([
  ['--fast', (file) => !isSlow(file)],
  ['--slow', isSlow],
]);

/** A test file that takes longer hangs; it is ended and named instead of taking the rest of the run with it. */
const FILE_LIMIT_MS = 15 * 60_000;

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const lanes = flags.filter((flag) => LANES.has(flag));
const options = flags.filter((flag) => !LANES.has(flag));
const found = named.length > 0 ? named.flatMap((path) => testFiles(resolve(path))) : allTestFiles();
const files = found.filter((file) => lanes.every((lane) => LANES.get(lane)(file)));
const gone = SLOW.filter((path) => !existsSync(join(root, path)));
if (gone.length > 0) fail(`SLOW names what is not there: ${gone.join(', ')}`);
if (files.length === 0) fail('no test file found');

const reporters = [
  [process.stdout.isTTY ? 'spec' : 'tap', 'stdout'],
  ['./scripts/failed-tests.mjs', 'stderr'],
].flatMap(([name, to]) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`]);
const test = ['--import', 'tsx', '--test', '--test-concurrency=2', `--test-timeout=${FILE_LIMIT_MS}`, ...reporters];
const command = [process.execPath, ...test, ...options, ...files];
const [program, ...args] = [...userNamespace(), ...command];
const result = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
process.exit(result.status ?? 1);

function allTestFiles() {
  return testFiles(join(root, 'test')).filter((file) => !SEPARATE.some((folder) => file.startsWith(`${folder}/`)));
}

function isSlow(file) {
  return file.endsWith('.live.test.ts') || SLOW.some((path) => file === path || file.startsWith(`${path}/`));
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

function fail(message) {
  process.stderr.write(`run-tests: ${message}\n`);
  process.exit(1);
}
