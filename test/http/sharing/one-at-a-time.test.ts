import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTurns, type Turns } from '../../../src/http/sharing/one-at-a-time.ts';
import { defer } from '../../support/fakes/deferred.ts';

describe('createTurns', () => {
  it('does one job at a time and lets clients take turns', async () => {
    const { ask, done, gate } = start(10);
    const answers = ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map((name) => ask(name));
    assert.deepEqual(done, ['a1']);
    gate.resolve();
    assert.deepEqual(await Promise.all(answers), ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']);
    assert.deepEqual(done, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2']);
  });

  it('refuses beyond the limit, but not a client who has fewer', async () => {
    const { ask, done, gate } = start(3);
    const answers = ['a1', 'a2', 'a3', 'a4', 'b1'].map((name) => ask(name));
    assert.equal(await answers[3], undefined);
    assert.equal(await answers[1], undefined, 'taken away for b1');
    gate.resolve();
    assert.deepEqual(await Promise.all(answers), ['a1', undefined, 'a3', undefined, 'b1']);
    assert.deepEqual(done, ['a1', 'a3', 'b1']);
    assert.equal(await ask('a5'), 'a5');
  });

  it('goes on after a job that fails', async () => {
    const turns = createTurns(2);
    await assert.rejects(
      turns('a', () => Promise.reject(new Error('no'))),
      { message: 'no' },
    );
    assert.equal(await turns('a', async () => 1), 1);
  });
});

/** Jobs are called `<client><number>`; the first to run waits for the gate. */
function start(limit: number) {
  const turns: Turns = createTurns(limit);
  const [done, gate] = [[] as string[], defer<void>()];
  const ask = (name: string) =>
    turns(name[0]!, async () => {
      done.push(name);
      await gate.promise;
      return name;
    });
  return { ask, done, gate };
}
