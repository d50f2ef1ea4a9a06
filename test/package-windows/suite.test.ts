// The packages for Windows, built anew and used as an administrator would, under Wine: npm run test:package-windows.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { NODE_PACKAGE } from '../windows/scratch-app.ts';
import { keepWindowsUp, settledState } from '../windows/service-control.ts';
import { COMPILER, findWine } from '../windows/tools.ts';
import { openWine, type Wine, windowsPath } from '../windows/wine.ts';
import { install, isRefused, SERVICE, tracesOf, uninstall } from './installed.ts';
import { missingPackagers } from './tools.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const NEXT_VERSION = '99.0.0';
const RUNNING = { state: 'RUNNING', exitCode: 0, specificExitCode: 0 };
const LOG = 'C:\\ProgramData\\tcpstate-exporter\\tcpstate-exporter.log';
/** Where a service of Windows has its log anyway: to services of Wine 8, ProgramData is another folder. */
const FLAGS = `EXTRA_FLAGS=--log.level=debug --log.file=${LOG}`;

const missing = missingPackagers();
if (missing !== undefined && process.env.CI === 'true') throw new Error(missing);
const out = missing === undefined ? buildPackages() : '';
const skip = missing ?? enterNetworkNamespace();

describe('the packages for Windows', { skip: skip ?? false }, () => {
  const msi = join(out, `tcpstate-exporter-${version}-win-x64.msi`);
  const nextMsi = join(out, `tcpstate-exporter-${NEXT_VERSION}-win-x64.msi`);
  let wine: Wine;
  let letDown = async (): Promise<unknown> => undefined;

  before(async () => {
    const source = fileURLToPath(new URL('c/noting-command.c', import.meta.url));
    execFileSync(COMPILER, ['-Wall', '-Werror', '-O1', '-s', '-o', join(out, 'netsh.exe'), source]);
    execFileSync('unzip', ['-q', join(out, `tcpstate-exporter-${version}-win-x64.zip`), '-d', join(out, 'unzipped')]);
    wine = await openWine(findWine()!, out, ['netsh.exe']);
    copyFileSync(join(out, 'netsh.exe'), join(wine.driveC, 'windows', 'system32', 'netsh.exe'));
    letDown = await keepWindowsUp(wine, join(folderOfZip(), 'node.exe'));
  });
  after(async () => {
    await letDown();
    wine?.close();
    rmSync(out, { recursive: true, force: true });
  });

  it('refuse a port that is none, and leave nothing behind', async () => {
    for (const port of ['0', '65536', 'http']) assert.ok(await isRefused(wine, msi, `LISTEN_PORT=${port}`), port);
    const nothing = { service: undefined, program: undefined, data: undefined, registry: [] };
    assert.deepEqual(await tracesOf(wine), nothing);
  });

  it('install a service that serves the page on the port that was asked for', async () => {
    await install(wine, msi, 'LISTEN_PORT=18123', 'FIREWALL_REMOTE=10.0.0.7', FLAGS);
    const { service, program } = await tracesOf(wine);
    assert.deepEqual(service, RUNNING);
    assert.deepEqual(program, filesOfZip());
    assert.match(
      await pageOn(18123),
      new RegExp(`^tcpstate_exporter_build_info\\{version="${version}",revision=".*"`, 'm'),
    );
    await assertLogged(wine, /level=debug msg=answered/);
  });

  it('open the firewall for that port and program, and those who may reach it', () => {
    assert.deepEqual(takeNotes().filter(isAboutFirewall), [
      '"C:\\windows\\system32\\netsh.exe" advfirewall firewall add rule name=tcpstate-exporter dir=in action=allow protocol=TCP localport=18123 remoteip=10.0.0.7 program="C:\\Program Files\\tcpstate-exporter\\node.exe"',
    ]);
  });

  it('upgrade with the same port and flags, and never back', async () => {
    await install(wine, nextMsi);
    assert.deepEqual(await settledState(wine, SERVICE), RUNNING);
    assert.match(await pageOn(18123), /^tcpstate_sockets\{/m);
    assert.match(readFileSync(logOf(wine), 'utf8'), /msg="starting tcpstate-exporter"/); // what was in it before, Wine does not keep
    const rules = takeNotes()
      .filter(isAboutFirewall)
      .map((call) => call.split(' ')[3]);
    assert.deepEqual(rules, ['delete', 'add']);
    assert.ok(await isRefused(wine, msi), 'the older version does not take over');
    assert.deepEqual(await settledState(wine, SERVICE), RUNNING);
  });

  it('leave nothing behind but what somebody else put there', async () => {
    const own = join(wine.driveC, 'ProgramData', SERVICE, 'web.yml');
    writeFileSync(own, '');
    writeFileSync(`${logOf(wine)}.1`, 'older\n');
    takeNotes();
    await uninstall(wine, nextMsi);
    assert.deepEqual(await tracesOf(wine), { service: undefined, program: undefined, data: ['web.yml'], registry: [] });
    assert.deepEqual(takeNotes().filter(isAboutFirewall), [
      '"C:\\windows\\system32\\netsh.exe" advfirewall firewall delete rule name=tcpstate-exporter',
    ]);
    rmSync(join(own, '..'), { recursive: true });
  });

  it('go to another folder, without a firewall rule, to the default port, and away without a trace', async () => {
    takeNotes();
    await install(wine, msi, 'FIREWALL_REMOTE=none', 'INSTALLDIR=C:\\Other Programs\\Exporter');
    const folder = join(wine.driveC, 'Other Programs', 'Exporter');
    assert.ok(existsSync(join(folder, 'dist', 'main.js')));
    assert.match(await pageOn(10048), /^tcpstate_sockets\{/m);
    assert.deepEqual(takeNotes().filter(isAboutFirewall), []);
    await uninstall(wine, msi);
    assert.ok(!existsSync(folder));
    assert.deepEqual(await tracesOf(wine), { service: undefined, program: undefined, data: undefined, registry: [] });
  });

  it('run from the zip, without an installation', async () => {
    const command = windowsPath(join(folderOfZip(), 'tcpstate-exporter.cmd'));
    const printed = await wine.run('cmd', '/c', command, '--version');
    const [program, runtime] = printed.split(/\r?\n/);
    assert.equal(program?.split(' (')[0], `tcpstate-exporter, version ${version}`);
    assert.equal(runtime, `  node version: v${NODE_PACKAGE.split('@')[1]}`, 'that of test:windows');
  });

  it('bring the licences of all they contain', () => {
    for (const [file, text] of [
      ['LICENSE', /Apache License/],
      ['LICENSE-node.txt', /Node\.js is licensed for use as follows/],
      ['THIRD-PARTY-NOTICES', /^@koromix\/koffi-win32-x64 /m],
    ] as const) {
      assert.match(readFileSync(join(folderOfZip(), file), 'utf8'), text);
    }
  });

  function folderOfZip(): string {
    return join(out, 'unzipped', `tcpstate-exporter-${version}-win-x64`);
  }

  function filesOfZip(): string[] {
    const entries = readdirSync(folderOfZip(), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map((entry) => join(entry.parentPath, entry.name).slice(folderOfZip().length + 1)).sort();
  }

  /** What the stand-in for netsh was asked since the last time. */
  function takeNotes(): string[] {
    const notes = join(wine.driveC, 'calls.txt');
    if (!existsSync(notes)) return [];
    const lines = readFileSync(notes, 'utf8').trim().split(/\r?\n/);
    rmSync(notes);
    return lines;
  }
});

function buildPackages(): string {
  const folder = mkdtempSync(join(tmpdir(), 'package-windows-'));
  const script = join(ROOT, 'deploy', 'windows', 'package.mjs');
  for (const each of [version, NEXT_VERSION]) {
    execFileSync(process.execPath, [script, `--out=${folder}`, `--version=${each}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return folder;
}

function logOf(wine: Wine): string {
  return join(wine.driveC, 'ProgramData', SERVICE, 'tcpstate-exporter.log');
}

/** What is logged about an answer is written after the answer. */
async function assertLogged(wine: Wine, pattern: RegExp): Promise<void> {
  const read = () => readFileSync(logOf(wine), 'utf8');
  for (let tries = 0; tries < 50 && !pattern.test(read()); tries++) await delay(100);
  assert.match(read(), pattern);
}

/** The exporter asks netsh too, for the range of ports. */
function isAboutFirewall(call: string): boolean {
  return call.includes('advfirewall');
}

async function pageOn(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}
