import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createOneAtATime, type OneAtATime } from '../../../src/http/sharing/one-at-a-time.ts';
import { defer } from '../../support/fakes/deferred.ts';

describe('createOneAtATime', () => {
  it('does one job at a time, in the order of arrival', async () => {
    const { ask, done, gate } = start(10);
    const answers = ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map((name) => ask(name));
    await new Promise(setImmediate);
    assert.deepEqual(done, ['a1']);
    gate.resolve();
    assert.deepEqual(await Promise.all(answers), ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']);
    assert.deepEqual(done, ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']);
  });

  it('refuses beyond the limit, but not a client who has fewer', async () => {
    const { ask, done, gate } = start(3);
    const first = ask('a1');
    await new Promise(setImmediate); // it runs
    const answers = [first, ...['a2', 'a3', 'a4', 'b1'].map((name) => ask(name))];
    assert.equal(await answers[3], undefined);
    assert.equal(await answers[1], undefined, 'taken away for b1');
    gate.resolve();
    assert.deepEqual(await Promise.all(answers), ['a1', undefined, 'a3', undefined, 'b1']);
    assert.deepEqual(done, ['a1', 'a3', 'b1']);
    assert.equal(await ask('a5'), 'a5');
  });

  it('goes on after a job that fails', async () => {
    const oneAtATime = createOneAtATime(2);
    await assert.rejects(
      oneAtATime('a', () => Promise.reject(new Error('no'))),
      { message: 'no' },
    );
    assert.equal(await oneAtATime('a', async () => 1), 1);
  });
});

/** Jobs are called `<client><number>`; the first to run waits for the gate. */
function start(limit: number) {
  const oneAtATime: OneAtATime = createOneAtATime(limit);
  const [done, gate] = [[] as string[], defer<void>()];
  const ask = (name: string) =>
    oneAtATime(name[0]!, async () => {
      done.push(name);
      await gate.promise;
      return name;
    });
  return { ask, done, gate };
}
