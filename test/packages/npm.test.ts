import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ROOT, version } from './built.ts';
import { startInstalled } from './installed.ts';

const QUIET = ['--no-audit', '--no-fund', '--loglevel=error'];

test('what npm pack makes is installed from an empty folder by npm install -g, serves, and goes again', async (t) => {
  const folder = emptyFolder(t);
  const tarball = pack(folder);
  const prefix = join(folder, 'prefix');
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  // From here npm sees nothing of the repository: neither its lockfile and overrides nor its engine-strict.
  npm(elsewhere, 'install', '--global', '--prefix', prefix, tarball, ...QUIET);

  const command = join(prefix, 'bin', 'tcpstate-exporter');
  const told = spawnSync(command, ['--version'], { encoding: 'utf8', cwd: elsewhere });
  assert.match(told.stdout, new RegExp(`^tcpstate-exporter, version ${version()} \\(revision: ${commit()}`));
  const short = spawnSync(join(prefix, 'bin', 'tcpstate'), ['diagnose', '--check', '--interval=0'], {
    encoding: 'utf8',
    cwd: elsewhere,
  });
  assert.match(short.stdout, /^TCP \w+ - .* \| util=/);
  const exporter = await startInstalled(t, [command], elsewhere);
  const page = await exporter.scrape();
  for (const { labels, value } of page.get('tcpstate_scrape_collector_success')!.samples)
    assert.equal(value, 1, labels.collector);
  assert.equal(page.get('tcpstate_exporter_build_info')!.samples[0]!.labels.version, version());
  assert.equal(await exporter.stop(), 0);

  npm(elsewhere, 'uninstall', '--global', '--prefix', prefix, 'tcpstate-exporter', ...QUIET);
  assert.deepEqual([...readdirSync(join(prefix, 'bin')), ...readdirSync(join(prefix, 'lib/node_modules'))], []);
});

test('the package has the program and what belongs to it, and nothing of the workshop', (t) => {
  const listed = execFileSync('tar', ['-tzf', pack(emptyFolder(t))], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const files = listed.map((file) => file.replace(/^package\//, ''));
  for (const file of [
    'dist/main.js',
    'dist/collector/worker.js',
    'dist/REVISION',
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
  ])
    assert.ok(files.includes(file), file);
  const strangers = files.filter(
    (file) =>
      !/^(dist\/([\w-]+\/)*[\w-]+(\.skeleton)?\.js|dist\/REVISION|LICENSE|(README|CHANGELOG|docs\/[\w-]+)\.md|package\.json)$/.test(
        file,
      ),
  );
  assert.deepEqual(strangers, []);
});

test('npm would publish it, under the home that the alerts link to', (t) => {
  const nowhere = ['--registry=http://127.0.0.1:9', '--fetch-retries=0'];
  const told = npm(ROOT, 'publish', pack(emptyFolder(t)), '--dry-run', '--access', 'public', ...nowhere);
  assert.match(told, new RegExp(`^\\+ tcpstate-exporter@${version()}$`, 'm'));
  const { homepage, repository, bugs, keywords } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const rules = readFileSync(join(ROOT, 'deploy/prometheus/rules/close-wait.yml'), 'utf8');
  const home = /runbook_url: (https:\/\/[^\s/]+\/[\w-]+\/[\w-]+)\//.exec(rules)![1];
  assert.deepEqual([homepage, repository.url, bugs], [`${home}#readme`, `git+${home}.git`, `${home}/issues`]);
  assert.ok(keywords.includes('prometheus'));
});

function pack(folder: string): string {
  npm(ROOT, 'pack', '--silent', '--pack-destination', folder);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  return join(folder, tarball!);
}

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-npm-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function commit(): string {
  return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
}

/** Without what `npm run` passes on of the repository's own settings. */
function npm(cwd: string, ...args: string[]): string {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(config|package|lifecycle)/i.test(name)),
  );
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, env, encoding: 'utf8' });
  assert.equal(status, 0, `npm ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}
