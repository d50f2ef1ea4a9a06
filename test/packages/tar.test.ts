import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
import bundledNode from '../../deploy/bundle/node.json' with { type: 'json' };
import { PACKAGES, packageNamed, ROOT, version } from './built.ts';
import { startInstalled } from './installed.ts';
import { missingTool } from './missing-tool.ts';

const NAME = `tcpstate-exporter-${version()}-${process.platform}-${process.arch}`;
/** Debian package, rpm, tar and SBOM. */
const KINDS = 4;
/** Another umask, and below another place for temporary files: the bytes must not know. */
const OTHERWISE = 'umask 077; exec node deploy/linux/package.mjs "$0"';

describe('every package', () => {
  it('has a digest beside it that is right', () => {
    const digests = readdirSync(PACKAGES).filter((name) => name.endsWith('.sha256') && name.includes(version()));
    assert.equal(digests.length, 2 * KINDS, digests.join());
    const { status, stdout } = spawnSync('sha256sum', ['--check', ...digests], { cwd: PACKAGES, encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });

  it('comes out the same, to the byte, when it is built again', (t) => {
    const folder = scratchFolder(t);
    execFileSync('sh', ['-c', OTHERWISE, folder], {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: folder },
      stdio: 'pipe',
    });
    const digests = readdirSync(folder).filter((name) => name.endsWith('.sha256'));
    assert.equal(digests.length, KINDS);
    for (const name of digests)
      assert.equal(readFileSync(join(folder, name), 'utf8'), readFileSync(join(PACKAGES, name), 'utf8'), name);
  });
});

test('the tar runs for anybody from any folder, also through a link', { skip: missingUser() }, async (t) => {
  const folder = scratchFolder(t);
  execFileSync('tar', ['-xzf', packageNamed('.tar.gz'), '-C', folder]);
  const link = join(folder, 'exporter');
  symlinkSync(join(NAME, 'tcpstate-exporter'), link);
  const asNobody = [
    'setpriv',
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    '--bounding-set=-all',
    '--inh-caps=-all',
  ];
  const check = spawnSync(join(folder, NAME, 'tcpstate'), ['diagnose', '--check', '--interval=0'], {
    encoding: 'utf8',
  });
  assert.match(check.stdout, /^TCP \w+ - .* \| util=/);
  const exporter = await startInstalled(t, [...asNobody, link], '/');
  const page = await exporter.scrape();
  const { node_version } = page.get('tcpstate_exporter_build_info')!.samples[0]!.labels;
  assert.equal(node_version, `v${bundledNode.linux.version}`);
  for (const { labels, value } of page.get('tcpstate_scrape_collector_success')!.samples)
    assert.equal(value, 1, labels.collector);
  assert.equal(await exporter.stop(), 0);
});

test('the tar holds one folder that belongs to root, with notices and one native module', (t) => {
  const listed = execFileSync('tar', ['--numeric-owner', '-tvzf', packageNamed('.tar.gz')], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const files = listed.map((line) => line.split(/\s+/)[5]!);
  assert.ok(files.every((file) => file.startsWith(`${NAME}/`)));
  assert.ok(listed.every((line) => line.includes(' 0/0 ')));
  assert.equal(files.filter((file) => file.endsWith('.node')).length, 1);
  const folder = scratchFolder(t);
  execFileSync('tar', ['-xzf', packageNamed('.tar.gz'), '-C', folder, `${NAME}/THIRD-PARTY-NOTICES`]);
  const notices = readFileSync(join(folder, NAME, 'THIRD-PARTY-NOTICES'), 'utf8');
  for (const name of ['fastify', 'koffi', 'pino', 'prom-client', 'Node.js'])
    assert.match(notices, new RegExp(`^${name} \\d`, 'm'));
});

test('the bill of materials names every production dependency of the lockfile, and Node.js', () => {
  const bill = JSON.parse(readFileSync(packageNamed('.cdx.json'), 'utf8')) as Bill;
  assert.deepEqual([bill.bomFormat, bill.metadata.component.name], ['CycloneDX', 'tcpstate-exporter']);
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const expected = Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .map(([path, locked]) => `${path.replace(/^.*node_modules\//, '')}@${locked.version}`);
  const named = bill.components.map((component) => `${component.name}@${component.version}`);
  assert.deepEqual(
    expected.filter((each) => !named.includes(each)),
    [],
  );
  assert.ok(named.some((each) => /^node@24\./.test(each)));
  for (const { name, licenses } of bill.components)
    assert.ok(licenses && licenses.length > 0, `${name} has no licence`);
});

interface Bill {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { readonly name: string } };
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly licenses?: readonly object[];
  }[];
}

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

function scratchFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-tar-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755); // others run what is in it
  return folder;
}

function missingUser(): string | false {
  return missingTool(process.getuid!() === 0 ? undefined : 'skipped: needs root, to become another user');
}
