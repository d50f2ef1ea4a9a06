import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keepRefreshed } from '../../../../src/platform/windows/commands/refreshed.ts';

describe('keepRefreshed', () => {
  it('loads at once, and again after each pause', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    let loads = 0;
    const value = keepRefreshed(async () => ++loads, { everyMs: 1000, validMs: 9999, now: () => 0 });
    await value.isFirstDone;
    assert.equal(value.read(), 1);
    context.mock.timers.tick(999);
    await settle();
    assert.equal(value.read(), 1);
    context.mock.timers.tick(1);
    await settle();
    assert.equal(value.read(), 2);
    context.mock.timers.tick(1000);
    await settle();
    assert.equal(value.read(), 3);
    value.stop();
  });

  it('says that nothing was read yet while the first load is under way', () => {
    const value = keepRefreshed(() => new Promise<number>(() => {}), { everyMs: 1, validMs: 1, now: () => 0 });
    assert.throws(() => value.read(), /has not been read yet/);
    value.stop();
  });

  it('keeps a value while loads fail, for as long as it is valid, and says then why it is gone', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    let nowMs = 0;
    const answers = [() => 7, fail, fail, () => 8];
    const value = keepRefreshed(async () => answers.shift()!(), { everyMs: 10, validMs: 100, now: () => nowMs });
    await value.isFirstDone;
    context.mock.timers.tick(10);
    await settle();
    nowMs = 100;
    assert.equal(value.read(), 7);
    nowMs = 101;
    assert.throws(() => value.read(), /out of ports/);
    context.mock.timers.tick(10);
    await settle();
    assert.throws(() => value.read(), /out of ports/);
    context.mock.timers.tick(10);
    await settle();
    assert.equal(value.read(), 8);
    value.stop();
  });

  it('says that a value is too old when no load has failed since, as after a long sleep of the machine', async () => {
    let nowMs = 0;
    const value = keepRefreshed(async () => 7, { everyMs: 60_000, validMs: 100, now: () => nowMs });
    await value.isFirstDone;
    nowMs = 101;
    assert.throws(() => value.read(), /its last answer is too old/);
    value.stop();
  });

  it('says why the first load failed, which does not reject', async () => {
    const value = keepRefreshed(async () => fail(), { everyMs: 60_000, validMs: 1, now: () => 0 });
    await value.isFirstDone;
    assert.throws(() => value.read(), /out of ports/);
    value.stop();
  });

  it('cancels what is under way and loads no more when it is stopped', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const signals: AbortSignal[] = [];
    const load = (signal: AbortSignal) => {
      signals.push(signal);
      return new Promise<number>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const value = keepRefreshed(load, { everyMs: 10, validMs: 1, now: () => 0 });
    value.stop();
    await value.isFirstDone;
    context.mock.timers.tick(1000);
    await settle();
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true],
    );
  });
});

function fail(): never {
  throw new Error('out of ports');
}

/** Lets every promise that can go on do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
