import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { enterService } from '../../src/service/windows-service.ts';
import { createFakeServiceManager, type ToldStatus } from './fake-service-manager.ts';

const STOP = 1;
const PAUSE = 2;
const INTERROGATE = 4;
const SHUTDOWN = 5;

const STARTING: ToldStatus = { dwServiceType: 0x10, dwCurrentState: 2, dwCheckPoint: 1, dwWaitHint: 30_000 };
const RUNNING: ToldStatus = { dwServiceType: 0x10, dwCurrentState: 4, dwControlsAccepted: 5 };
const STOPPING: ToldStatus = { dwServiceType: 0x10, dwCurrentState: 3, dwCheckPoint: 1, dwWaitHint: 10_000 };
const STOPPED: ToldStatus = { dwServiceType: 0x10, dwCurrentState: 1 };

describe('a service of Windows', () => {
  for (const [name, control] of [
    ['STOP', STOP],
    ['SHUTDOWN', SHUTDOWN],
  ] as const) {
    it(`starts, runs, and stops once on ${name}`, async () => {
      const { calls, told, control: send } = createFakeServiceManager();
      const service = await enterService(calls);
      assert.deepEqual(told, [STARTING]);
      let stops = 0;
      service.isRunning(() => stops++);
      assert.deepEqual(told, [STARTING, RUNNING]);
      assert.equal(send(control), 0);
      assert.deepEqual(told, [STARTING, RUNNING, STOPPING]);
      assert.equal(stops, 0, 'the service manager waits for the answer');
      await nextTurn();
      assert.equal(stops, 1);
      assert.equal(send(control), 0);
      await nextTurn();
      assert.equal(stops, 1);
      service.isEnding(0);
      service.isEnding(0);
      assert.deepEqual(told, [STARTING, RUNNING, STOPPING, STOPPED]);
    });
  }

  it('answers INTERROGATE and no control that it did not accept', async () => {
    const { calls, told, control } = createFakeServiceManager();
    (await enterService(calls)).isRunning(() => assert.fail('stopped'));
    assert.equal(control(INTERROGATE), 0);
    assert.equal(control(PAUSE), 120);
    await nextTurn();
    assert.deepEqual(told, [STARTING, RUNNING]);
  });

  it('tells the exit code of a start that failed as its specific error', async () => {
    const { calls, told } = createFakeServiceManager();
    (await enterService(calls)).isEnding(2);
    assert.deepEqual(told, [STARTING, { ...STOPPED, dwWin32ExitCode: 1066, dwServiceSpecificExitCode: 2 }]);
  });

  it('leaves a crash to the service manager, which only then restarts it', async () => {
    const { calls, told } = createFakeServiceManager();
    const service = await enterService(calls);
    service.isRunning(() => {});
    service.isEnding(1);
    assert.deepEqual(told, [STARTING, RUNNING]);
  });

  it('has stopped well when it was asked to, even if it had to be cut off', async () => {
    const { calls, told, control } = createFakeServiceManager();
    const service = await enterService(calls);
    service.isRunning(() => {});
    control(STOP);
    service.isEnding(1);
    assert.deepEqual(told.at(-1), STOPPED);
  });

  it('refuses, with a hint, where no service manager started it', async () => {
    const { calls, letGo } = createFakeServiceManager(['dispatch']);
    const entering = enterService(calls);
    letGo(1063);
    await assert.rejects(entering, {
      name: 'ConfigRefusal',
      message: /run without --service, or install it as a service$/,
    });
  });

  it('names the call that failed', async () => {
    const { calls, letGo } = createFakeServiceManager(['dispatch']);
    const entering = enterService(calls);
    letGo(1056);
    await assert.rejects(entering, { message: 'StartServiceCtrlDispatcherW: error 1056' });
    const message = /^RegisterServiceCtrlHandlerExW: ERROR_ACCESS_DENIED$/;
    await assert.rejects(enterService(createFakeServiceManager(['registerHandler']).calls), { message });
    await assert.rejects(enterService(createFakeServiceManager(['setStatus']).calls), {
      message: 'SetServiceStatus(starting): ERROR_ACCESS_DENIED',
    });
  });
});
