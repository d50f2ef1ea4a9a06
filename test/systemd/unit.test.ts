import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { linuxOptions } from '../../deploy/linux/options.ts';
import { formatEnvironmentFile } from '../../deploy/systemd/environment-file.ts';
import { readCommand } from '../../src/config/config.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy/systemd/', import.meta.url));
const UNIT = 'tcpstate-exporter.service';
const FOLDER = 'etc/systemd/system';
/** Drop-ins by the names under which they are installed, and the tenths of exposure that docs/install.md tells. */
const SETUPS = [
  [[], 20],
  [['without-owners.conf'], 15],
  [['zz-kernel-reader.conf'], 21],
  [['without-owners.conf', 'zz-kernel-reader.conf'], 17],
] as const;
const SOURCE_OF: Readonly<Record<string, string>> = { 'zz-kernel-reader.conf': 'with-kernel-reader.conf' };
const skip = missingSystemd();

describe('tcpstate-exporter.service', { skip }, () => {
  for (const [dropIns, exposure] of SETUPS) {
    it(`exposes ${exposure / 10} with ${dropIns.join() || 'owners'}`, (t) => {
      const root = layOut(t, dropIns);
      const { stdout, stderr } = systemdAnalyze(['security', `--root=${root}`, '--offline=true', UNIT]);
      const [, level] = /Overall exposure level for tcpstate-exporter\.service: (\d\.\d)/.exec(stdout) ?? [];
      assert.equal(Number(level) * 10, exposure, stdout + stderr);
    });

    it(`is understood by systemd to the last word with ${dropIns.join() || 'owners'}`, (t) => {
      const root = layOut(t, dropIns);
      const { status, stdout, stderr } = systemdAnalyze(['verify', `--root=${root}`, '--man=no', UNIT]);
      // The units of a whole system are not there, and nobody asks for them.
      const complaints = (stdout + stderr).split('\n').filter((line) => line.includes('tcpstate'));
      assert.deepEqual({ status, complaints }, { status: 0, complaints: [] });
    });
  }

  it('allows loading, and giving up what that takes, only where the reader in the kernel is wanted', () => {
    const { stdout } = systemdAnalyze(['syscall-filter', '@privileged']);
    const privileged = new Set(stdout.split('\n').map((line) => line.trim()));
    const [, allowed] = /^SystemCallFilter=(.*)$/m.exec(readFileSync(join(DEPLOY, 'with-kernel-reader.conf'), 'utf8'))!;
    assert.deepEqual(allowed!.split(' '), ['bpf', 'capset']);
    for (const call of allowed!.split(' ')) assert.ok(privileged.has(call), call);
    const filters = settings().filter(([name]) => name === 'SystemCallFilter');
    assert.ok(filters.some(([, value]) => value!.startsWith('~') && value!.includes('@privileged')));
  });

  it('opens no debugger on SIGUSR1, from the first moment', () => {
    const [, command] = settings().find(([name]) => name === 'ExecStart')!;
    assert.match(command!, /\/node --disable-sigusr1 \/usr\/lib\/tcpstate-exporter\/dist\/main\.js$/);
  });

  it('leaves V8 its machine code, and the exporter the processes of others', () => {
    const names = settings().map(([name]) => name);
    for (const name of ['MemoryDenyWriteExecute', 'ProtectProc', 'ProcSubset', 'PrivateNetwork', 'PrivateUsers'])
      assert.ok(!names.includes(name), name);
  });
});

describe('tcpstate-exporter.env', () => {
  const path = join(DEPLOY, 'tcpstate-exporter.env');
  const expected = formatEnvironmentFile(linuxOptions());
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, expected);
  const lines = readFileSync(path, 'utf8').split('\n');

  it('has a line for every variable, with its default (UPDATE_GOLDEN=1 writes it)', () => {
    assert.deepEqual(lines, expected.split('\n'));
  });

  it('shows values that the exporter takes', () => {
    const variables = lines.filter((line) => line.startsWith('#TCPSTATE_')).map((line) => line.slice(1).split('='));
    assert.ok(variables.length > 30);
    const environment = Object.fromEntries(variables.map(([name, ...value]) => [name!, value.join('=')]));
    const { TCPSTATE_WEB_SYSTEMD_SOCKET: _, ...settable } = environment;
    assert.deepEqual(readCommand('linux', [], settable), readCommand('linux', [], {}));
  });
});

/** The unit in a file system that has nothing else, but what stands for the programs and units that it names. */
function layOut(t: TestContext, dropIns: readonly string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'tcpstate-unit-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, FOLDER, `${UNIT}.d`), { recursive: true });
  mkdirSync(join(root, 'usr/lib/tcpstate-exporter'), { recursive: true });
  writeFileSync(join(root, 'usr/lib/tcpstate-exporter/node'), '', { mode: 0o755 });
  copyFileSync(join(DEPLOY, UNIT), join(root, FOLDER, UNIT));
  for (const name of ['sysinit.target', 'basic.target', 'shutdown.target', 'multi-user.target', 'network.target'])
    writeFileSync(join(root, FOLDER, name), '[Unit]\nDefaultDependencies=no\n');
  for (const name of dropIns)
    copyFileSync(join(DEPLOY, SOURCE_OF[name] ?? name), join(root, FOLDER, `${UNIT}.d`, name));
  return root;
}

function settings(): readonly (readonly string[])[] {
  const lines = readFileSync(join(DEPLOY, UNIT), 'utf8').split('\n');
  return lines.filter((line) => /^[A-Z]/.test(line)).map((line) => line.split(/=(.*)/s));
}

function systemdAnalyze(args: readonly string[]) {
  return spawnSync('systemd-analyze', [...args, '--no-pager'], { encoding: 'utf8' });
}

function missingSystemd(): string | false {
  if (systemdAnalyze(['--version']).status === 0) return false;
  if (process.env.CI === 'true') throw new Error('systemd-analyze is missing');
  return 'skipped: needs systemd-analyze (apt-get install systemd)';
}
