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
/** Tenths: 2.0 of 10. */
const MOST_EXPOSURE = 20;
const skip = missingSystemd();

describe('tcpstate-exporter.service', { skip }, () => {
  for (const dropIns of [[], ['without-owners.conf']]) {
    it(`exposes no more than 2.0 with ${dropIns.join() || 'owners'}`, (t) => {
      const root = layOut(t, dropIns);
      const args = ['security', `--root=${root}`, '--offline=true', `--threshold=${MOST_EXPOSURE}`, UNIT];
      const { status, stdout, stderr } = systemdAnalyze(args);
      assert.equal(status, 0, stdout + stderr);
      assert.match(stdout, /Overall exposure level for tcpstate-exporter\.service: [12]\.\d/);
    });

    it(`is understood by systemd to the last word with ${dropIns.join() || 'owners'}`, (t) => {
      const root = layOut(t, dropIns);
      const { status, stdout, stderr } = systemdAnalyze(['verify', `--root=${root}`, '--man=no', UNIT]);
      // The units of a whole system are not there, and nobody asks for them.
      const complaints = (stdout + stderr).split('\n').filter((line) => line.includes('tcpstate'));
      assert.deepEqual({ status, complaints }, { status: 0, complaints: [] });
    });
  }

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
  for (const name of dropIns) copyFileSync(join(DEPLOY, name), join(root, FOLDER, `${UNIT}.d`, name));
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
