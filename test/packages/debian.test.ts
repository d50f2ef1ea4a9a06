import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { describe, it, test } from 'node:test';
import { PACKAGES, packageNamed } from './built.ts';
import { missingTool } from './missing-tool.ts';
import {
  bringsCommand,
  doesWithout,
  opensNoDebugger,
  scrape,
  servesOwners,
  staysDown,
  takesSettings,
  waitsForScrape,
} from './service-checks.ts';
import { bootMachine, type Machine, missingForMachine } from './throw-away-machine.ts';

const skipMachine = missingTool(missingForMachine());

describe('the Debian package', () => {
  const skip = missingTool(spawnSync('lintian', ['--version']).status === 0 ? undefined : 'skipped: needs lintian');

  it('gives lintian nothing to complain of', { skip }, () => {
    const args = ['--fail-on', 'error,warning', '--allow-root', '--tag-display-limit', '0', packageNamed('.deb')];
    const { status, stdout, stderr } = spawnSync('lintian', args, { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  });
});

test('the package is installed, runs as its own user under systemd, and goes without a trace', {
  skip: skipMachine,
}, async (t) => {
  const machine = await bootMachine(t, PACKAGES);
  const install = `dpkg -i /mnt/${basename(packageNamed('.deb'))}`;
  machine.run(install);

  await t.test('serves owners of all users, with two capabilities and nothing else', () => servesOwners(machine));
  await t.test('opens no debugger on SIGUSR1', () => opensNoDebugger(machine));
  await t.test('brings a command and a manual page', () => bringsCommand(machine));
  await t.test('takes its settings from /etc/default', () => takesSettings(machine));
  await t.test('does without capabilities where without-owners.conf is used', () => doesWithout(machine));
  await t.test('keeps settings and choices when it is installed again', () => keepsChoices(machine, install));
  await t.test('is started by the first scrape where systemd holds the port', () => waitsForScrape(machine));
  await t.test('stays down after a mistake in its settings', () => staysDown(machine));
  await t.test('leaves nothing but its user', () => leavesNothing(machine));
});

async function keepsChoices(machine: Machine, install: string): Promise<void> {
  const before = machine.run('systemctl show -P MainPID tcpstate-exporter');
  machine.run(`systemctl disable tcpstate-exporter; ${install}`);
  await scrape(machine, 10_049);
  assert.notEqual(machine.run('systemctl show -P MainPID tcpstate-exporter'), before);
  assert.equal(machine.run('systemctl is-enabled tcpstate-exporter || true').trim(), 'disabled');
}

function leavesNothing(machine: Machine): void {
  const files = machine
    .run('dpkg -L tcpstate-exporter | while read -r f; do [ -d "$f" ] || echo "$f"; done')
    .trim()
    .split('\n');
  assert.ok(files.length > 20, files.join());
  machine.run('dpkg -r tcpstate-exporter');
  assert.equal(machine.run('pgrep -u tcpstate-exporter || true'), '');
  assert.equal(machine.run('find /etc -name "*tcpstate*"').trim(), '/etc/default/tcpstate-exporter');
  machine.run('dpkg --purge tcpstate-exporter');
  assert.equal(machine.run(`ls -d ${files.join(' ')} 2>/dev/null || true`), '');
  assert.equal(machine.run('find /etc /lib/systemd /usr/lib /usr/share /var/lib -name "*tcpstate*"'), '');
  assert.match(machine.run('getent passwd tcpstate-exporter'), /:\/nonexistent:\/usr\/sbin\/nologin$/m);
}
