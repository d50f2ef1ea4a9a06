import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
import { PACKAGES, packageNamed } from './built.ts';
import { missingProgram, missingTool } from './missing-tool.ts';
import {
  bringsCommand,
  doesWithout,
  opensNoDebugger,
  scrape,
  servesOwners,
  takesSettings,
  waitsForScrape,
} from './service-checks.ts';
import { bootMachine, type Machine, missingForMachine } from './throw-away-machine.ts';

/** What only one of them has: Debian's policy wants the first three, rpm wants licences apart. */
const OWN_FILES =
  /^\/usr\/share\/(doc\/tcpstate-exporter\/(changelog\.Debian\.gz|copyright)|lintian\/.*|licenses\/tcpstate-exporter\/LICENSE)$/;
/** Debian's rpm wants to be told that this is meant; its database knows no library of the system. */
const RPM = 'rpm --force-debian --nodeps';
const skip = missingTool(missingProgram('rpm'));
const skipMachine = skip || missingTool(missingForMachine());

describe('the rpm package', { skip }, () => {
  for (const arch of ['x64', 'arm64'])
    it(`has the files of the Debian package, with the same bytes, modes and owners (${arch})`, (t) => {
      const expected = unpackedFiles(t, packageNamed('.deb', arch));
      assert.ok(expected.size > 30, `${expected.size} files`);
      assert.deepEqual(rpmFiles(packageNamed('.rpm', arch)), expected);
    });

  it('needs no newer C library than documents say, and offers other packages nothing of what is inside', () => {
    for (const arch of ['x64', 'arm64']) {
      const asked = rpm('-qp', '--requires', packageNamed('.rpm', arch));
      const minors = [...asked.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
      assert.ok(minors.length > 0 && Math.max(...minors) <= 28, `${Math.max(...minors)}`);
      assert.match(readFileSync(join(PACKAGES, '../../docs/install.md'), 'utf8'), /glibc 2\.28/);
      const offered = rpm('-qp', '--provides', packageNamed('.rpm', arch)).trim().split('\n');
      for (const each of offered) assert.match(each, /^(config\()?tcpstate-exporter\b/);
    }
  });
});

test('the rpm package is installed, waits to be enabled, runs as its own user under systemd, and goes without a trace', {
  skip: skipMachine,
}, async (t) => {
  const machine = await bootMachine(t, PACKAGES);
  const file = `/mnt/${basename(packageNamed('.rpm'))}`;
  machine.run(`${RPM} -i ${file}`);

  await t.test('nothing listens before somebody starts it', () => {
    assert.equal(machine.run('systemctl is-active tcpstate-exporter || true').trim(), 'inactive');
    machine.run('systemctl enable --now tcpstate-exporter');
  });
  await t.test('serves owners of all users, with two capabilities and nothing else', () => servesOwners(machine));
  await t.test('opens no debugger on SIGUSR1', () => opensNoDebugger(machine));
  await t.test('brings a command and a manual page', () => bringsCommand(machine));
  await t.test('takes its settings from /etc/default', () => takesSettings(machine));
  await t.test('does without capabilities where without-owners.conf is used', () => doesWithout(machine));
  await t.test('keeps settings and choices when it is installed again, and restarts', async () => {
    const before = machine.run('systemctl show -P MainPID tcpstate-exporter');
    machine.run(`systemctl disable tcpstate-exporter; ${RPM} -U --replacepkgs ${file}`);
    await scrape(machine, 10_049);
    assert.notEqual(machine.run('systemctl show -P MainPID tcpstate-exporter'), before);
    assert.equal(machine.run('systemctl is-enabled tcpstate-exporter || true').trim(), 'disabled');
  });
  await t.test('is started by the first scrape where systemd holds the port', () => waitsForScrape(machine));
  await t.test('leaves nothing but its user and what was changed in its settings', () => leavesNothing(machine));
});

function leavesNothing(machine: Machine): void {
  const files = machine.run('rpm -ql tcpstate-exporter').trim().split('\n');
  machine.run('systemctl enable tcpstate-exporter');
  machine.run(`${RPM} -e tcpstate-exporter`);
  assert.equal(machine.run('pgrep -u tcpstate-exporter || true'), '');
  assert.equal(machine.run(`ls -d ${files.join(' ')} 2>/dev/null || true`), '');
  const left = machine.run('find /etc /lib/systemd /usr/lib /usr/share /var/lib -name "*tcpstate*"').trim();
  assert.equal(left, '/etc/default/tcpstate-exporter.rpmsave');
  assert.match(machine.run('getent passwd tcpstate-exporter'), /:\/nonexistent:\/usr\/sbin\/nologin$/m);
}

/** Path → mode and content, or where a link leads; all belong to root. */
function unpackedFiles(t: TestContext, file: string): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-deb-'));
  t.after(() => rmSync(folder, { recursive: true }));
  execFileSync('dpkg-deb', ['-x', file, folder]);
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !lstatSync(join(folder, path)).isDirectory(),
  );
  const described = paths.map((path) => [`/${path}`, describeFile(join(folder, path))] as const);
  return new Map(described.filter(([path]) => !OWN_FILES.test(path)).sort());
}

function describeFile(path: string): string {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return `link to ${readlinkSync(path)}`;
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
  return `${stat.mode.toString(8)} ${digest}`;
}

/** Each line of --dump: path size mtime digest mode owner group isconfig isdoc rdev symlink. */
function rpmFiles(file: string): Map<string, string> {
  const lines = rpm('-qp', '--dump', file).trim().split('\n');
  const described = lines
    .map((line) => line.split(' '))
    .filter(([, , , , mode]) => !mode!.startsWith('04')) // folders
    .map(([path, , , digest, mode, owner, group, , , , link]) => {
      assert.deepEqual([owner, group], ['root', 'root'], path);
      return [path!, link === 'X' ? `${mode!.replace(/^0/, '')} ${digest}` : `link to ${link}`] as const;
    });
  return new Map(described.filter(([path]) => !OWN_FILES.test(path)).sort());
}

function rpm(...args: readonly string[]): string {
  return execFileSync('rpm', args, { encoding: 'utf8' });
}
