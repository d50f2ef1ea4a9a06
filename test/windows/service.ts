import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { keepWindowsUp, settledState } from './service-control.ts';
import type { Bench } from './suite.test.ts';
import { windowsPath } from './wine.ts';

const NAME = 'exporter-under-test';
const STOPPED_WELL = { state: 'STOPPED', exitCode: 0, specificExitCode: 0 };
const ERROR_SERVICE_SPECIFIC_ERROR = 1066;
/** What ProgramData is to services of Wine 8; to other programs it is C:\ProgramData, as Windows has it for both. */
const PROGRAM_DATA = join('users', 'Public');

export function testService(useBench: () => Bench): void {
  describe('--service', () => testUnderServiceManager(useBench));
}

function testUnderServiceManager(useBench: () => Bench): void {
  let letDown = async (): Promise<unknown> => undefined;
  before(async () => {
    letDown = await keepWindowsUp(useBench().wine, useBench().app.node);
  });
  after(() => letDown());

  it('starts, serves, writes its log into files that rotate, stops, tells each state, and starts once more', async (t) => {
    const { wine } = useBench();
    const log = join(wine.driveC, 'logs', 'service.log');
    await create(
      t,
      '--web.listen-address=127.0.0.1:0',
      '--log.file=C:\\logs\\service.log',
      '--log.file-size=10KB',
      '--log.level=debug',
    );
    await wine.run('sc', 'start', NAME);
    assert.deepEqual(await settledState(wine, NAME), { state: 'RUNNING', exitCode: 0, specificExitCode: 0 });
    const port = Number(/msg=listening address=127\.0\.0\.1:(\d+)/.exec(readFileSync(log, 'utf8'))?.[1]);
    assert.equal(await statusOf(port, '/metrics'), 200);
    for (let request = 0; request < 50; request++) assert.equal(await statusOf(port, `/${'x'.repeat(200)}`), 404);
    assert.ok(existsSync(`${log}.1`), 'the first file was put aside');
    assert.ok(readFileSync(log).length <= 10_240);

    await wine.run('sc', 'stop', NAME);
    assert.deepEqual(await settledState(wine, NAME), STOPPED_WELL);
    await assert.rejects(statusOf(port, '/metrics'), { code: 'ECONNREFUSED' });
    assert.match(readFileSync(log, 'utf8'), /msg=stopping/);
    await wine.run('sc', 'start', NAME);
    assert.equal((await settledState(wine, NAME))?.state, 'RUNNING');
    await wine.run('sc', 'stop', NAME);
    assert.deepEqual(await settledState(wine, NAME), STOPPED_WELL);
    await wine.run('sc', 'delete', NAME);
    assert.equal(await settledState(wine, NAME), undefined);
  });

  it('tells the service manager that its options are refused, and writes why into its log', async (t) => {
    const { wine } = useBench();
    const folder = join(wine.driveC, PROGRAM_DATA, 'tcpstate-exporter');
    rmSync(folder, { recursive: true, force: true });
    await create(t, '--log.levle=debug');
    await startInVain();
    const failed = { state: 'STOPPED', exitCode: ERROR_SERVICE_SPECIFIC_ERROR, specificExitCode: 2 };
    assert.deepEqual(await settledState(wine, NAME), failed);
    const log = readFileSync(join(folder, 'tcpstate-exporter.log'), 'utf8');
    assert.match(log, /level=fatal msg="unknown flag --log\.levle: did you mean --log\.level\?"\n$/);
  });

  it('tells the service manager that it cannot listen', async (t) => {
    const { wine } = useBench();
    await create(t, '--web.listen-address=192.0.2.1:0', '--log.file=C:\\logs\\deaf.log');
    await startInVain();
    const failed = { state: 'STOPPED', exitCode: ERROR_SERVICE_SPECIFIC_ERROR, specificExitCode: 1 };
    assert.deepEqual(await settledState(wine, NAME), failed);
    assert.match(readFileSync(join(wine.driveC, 'logs', 'deaf.log'), 'utf8'), /level=fatal msg="cannot listen on 192/);
  });

  it('is refused in a console, where no service manager started it', async () => {
    const { wine, app } = useBench();
    const started = wine.start(app.node, windowsPath(join(app.folder, 'dist', 'main.js')), '--service');
    const code = await started.end();
    assert.match(
      started.stderr(),
      /^tcpstate-exporter: --service is for the service manager .* run without --service, or install it/,
    );
    assert.equal(code, 2);
  });

  async function create(t: TestContext, ...options: string[]): Promise<void> {
    const { wine, app } = useBench();
    const main = windowsPath(join(app.folder, 'dist', 'main.js'));
    const program = [windowsPath(app.node), main, '--service', ...options].join(' ');
    await wine.run('sc', 'create', NAME, 'binPath=', program);
    t.after(async () => {
      await wine.start('sc', 'stop', NAME).end();
      await wine.start('sc', 'delete', NAME).end();
    });
  }

  /** Whether `sc start` itself fails depends on how fast the service is. */
  async function startInVain(): Promise<void> {
    await useBench().wine.start('sc', 'start', NAME).end();
    await pause(100);
  }
}

function statusOf(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!));
    }).on('error', reject);
  });
}
