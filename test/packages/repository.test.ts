import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT, version } from './built.ts';
import { missingProgram, missingTool } from './missing-tool.ts';
import { scrape } from './service-checks.ts';
import { bootMachine, type Machine, missingForMachine } from './throw-away-machine.ts';

const KEY = 'test@tcpstate-exporter.example';
/** As docs/install.md has it, from a folder in place of a web server, and with no other source. */
const APT_SOURCE = 'deb [signed-by=/etc/apt/keyrings/tcpstate-exporter.asc] file:/mnt/apt stable main';
const ONLY =
  '-o Dir::Etc::SourceList=/etc/apt/sources.list.d/tcpstate-exporter.list -o Dir::Etc::SourceParts=/dev/null';
const DNF_REPOSITORY = [
  '[tcpstate-exporter]',
  'name=tcpstate-exporter',
  'baseurl=file:///mnt/rpm',
  'repo_gpgcheck=1',
  'gpgkey=file:///mnt/tcpstate-exporter.asc',
].join('\n');

const skip = missingTool(missingForMachine() ?? missingProgram('apt-ftparchive', 'createrepo_c', 'gpg', 'dnf'));

test('the repositories are signed, apt installs from one, dnf reads the other, and neither believes a forger', {
  skip,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-repository-'));
  t.after(() => rmSync(folder, { recursive: true, force: true })); // the agent of gpg takes its sockets away itself
  chmodSync(folder, 0o755); // apt fetches as a user of its own
  const keys = join(folder, 'keys');
  mkdirSync(keys, { mode: 0o700 });
  const env = { ...process.env, GNUPGHOME: keys };
  const newKey = ['--batch', '--quiet', '--passphrase', '', '--quick-generate-key', KEY, 'ed25519', 'sign', 'never'];
  execFileSync('gpg', newKey, { env, stdio: 'ignore' });
  const repository = join(folder, 'repository');
  execFileSync(process.execPath, ['deploy/linux/repository.mjs', `--sign=${KEY}`, repository], {
    cwd: ROOT,
    env,
    stdio: 'pipe',
  });
  execFileSync('gpgconf', ['--kill', 'all'], { env });

  const machine = await bootMachine(t, repository);
  machine.run(`install -D -m 644 /mnt/tcpstate-exporter.asc /etc/apt/keyrings/tcpstate-exporter.asc
    echo '${APT_SOURCE}' > /etc/apt/sources.list.d/tcpstate-exporter.list
    mkdir -p /etc/yum.repos.d; printf '${DNF_REPOSITORY.replaceAll('\n', '\\n')}\\n' > /etc/yum.repos.d/tcpstate-exporter.repo`);

  await t.test('apt', async () => {
    machine.run(`apt-get ${ONLY} update && apt-get ${ONLY} install -y tcpstate-exporter`);
    await scrape(machine);
  });
  await t.test('dnf', () => {
    const names = ['aarch64', 'x86_64'].map((architecture) => `tcpstate-exporter-0:${version()}-1.${architecture}\n`);
    assert.equal(query(machine), names.join(''));
    const check = machine.run('rpm --import /mnt/tcpstate-exporter.asc && rpm --checksig --verbose /mnt/rpm/*.rpm');
    assert.equal(check.match(/Header V4 \S+ Signature, key ID \w+: OK/g)?.length, 2, check);
  });
  await t.test('a changed index', () => {
    machine.run(`cp -r /mnt /run/forged
      sed -i 's/^Origin: /&forged/' /run/forged/apt/dists/stable/InRelease
      sed -i 's/<revision>/&9/' /run/forged/rpm/repodata/repomd.xml`);
    machine.run('sed -i s,/mnt/,/run/forged/, /etc/apt/sources.list.d/tcpstate-exporter.list /etc/yum.repos.d/*');
    assert.throws(() => machine.run(`apt-get ${ONLY} update`), /BADSIG|signatures were invalid/);
    assert.match(machine.run('dnf --assumeyes repoquery tcpstate-exporter 2>&1'), /Bad GPG signature/); // and ends with 0
  });
});

function query(machine: Machine): string {
  return machine.run('dnf --assumeyes --quiet repoquery tcpstate-exporter');
}
