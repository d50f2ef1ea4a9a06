import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createWatching } from '../../src/scrape/watching.ts';
import { defer } from '../support/fakes/deferred.ts';

const EVERY_MS = 5000;
const LINGER_MS = 20_000;

describe('watching', () => {
  it('has no timer until somebody looks', async (t) => {
    const { looks, pass, watching } = start(t);
    await pass(60_000);
    assert.equal(looks(), 0);
    assert.equal(watching.isOn(), false);
  });

  it('looks again and again, until nobody has looked for a while; then it ends once and costs nothing', async (t) => {
    const { looks, pass, ends, watching } = start(t);
    watching.seen();
    for (let turn = 1; turn <= 3; turn++) {
      await pass(EVERY_MS);
      assert.equal(looks(), turn);
    }
    assert.equal(watching.isOn(), true);
    await pass(EVERY_MS);
    assert.deepEqual([looks(), ends(), watching.isOn()], [3, 1, false]);
    await pass(60_000);
    assert.deepEqual([looks(), ends()], [3, 1]);
  });

  it('goes on for whoever looks again, with one timer for all of them, and begins anew after an end', async (t) => {
    const { looks, pass, watching } = start(t);
    for (let turn = 0; turn < 10; turn++) {
      for (let viewer = 0; viewer < 3; viewer++) watching.seen();
      await pass(EVERY_MS);
    }
    assert.equal(looks(), 10);
    await pass(LINGER_MS);
    await pass(EVERY_MS);
    assert.equal(watching.isOn(), false);
    watching.seen();
    await pass(EVERY_MS);
    assert.equal(watching.isOn(), true);
  });

  it('waits for a slow look before the next one', async (t) => {
    const gate = defer<void>();
    const { looks, pass, watching } = start(t, () => gate.promise);
    watching.seen();
    await pass(EVERY_MS);
    await pass(EVERY_MS);
    assert.equal(looks(), 1);
    gate.resolve();
    await pass(0);
    await pass(EVERY_MS);
    assert.equal(looks(), 2);
  });

  it('starts nothing any more once it is closed', async (t) => {
    const gate = defer<void>();
    const { looks, pass, watching } = start(t, () => gate.promise);
    watching.seen();
    await pass(EVERY_MS);
    watching.close();
    gate.resolve();
    await pass(EVERY_MS);
    watching.seen();
    await pass(EVERY_MS);
    assert.equal(looks(), 1);
  });
});

/** A watching whose time passes as the test says. */
function start(t: TestContext, job: () => Promise<void> = async () => {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 0;
  let looked = 0;
  let ended = 0;
  const watching = createWatching({
    look() {
      looked++;
      return job();
    },
    onEnd: () => ended++,
    everyMs: EVERY_MS,
    lingerMs: LINGER_MS,
    now: () => nowMs,
  });
  t.after(watching.close);
  const pass = async (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve(); // what waited for the timer goes on
  };
  return { watching, pass, looks: () => looked, ends: () => ended };
}
