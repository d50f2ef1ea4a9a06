import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createRateLimiter } from '../../../src/http/sharing/rate-limit.ts';

const LIMIT = { intervalMs: 100, burst: 3 };

it('lets a burst through, then one request per interval', () => {
  let nowMs = 5000;
  const takeTurn = createRateLimiter(() => nowMs);
  assert.deepEqual([takeTurn(LIMIT), takeTurn(LIMIT), takeTurn(LIMIT)], [0, 0, 0]);
  assert.equal(takeTurn(LIMIT), 100);
  nowMs += 60;
  assert.ok(Math.abs(takeTurn(LIMIT) - 40) < 1e-6);
  nowMs += 41;
  assert.equal(takeTurn(LIMIT), 0);
  assert.ok(takeTurn(LIMIT) > 0);
});

it('saves up no more than a burst', () => {
  let nowMs = 0;
  const takeTurn = createRateLimiter(() => nowMs);
  takeTurn(LIMIT);
  nowMs += 1e9;
  assert.deepEqual(
    [1, 2, 3, 4].map(() => takeTurn(LIMIT) === 0),
    [true, true, true, false],
  );
});

it('goes on counting when the same limit is read again, and starts anew with another', () => {
  const takeTurn = createRateLimiter(() => 0);
  for (let turn = 0; turn < 3; turn++) takeTurn(LIMIT);
  assert.equal(takeTurn({ ...LIMIT }), 100);
  assert.equal(takeTurn({ ...LIMIT, burst: 1 }), 0);
  assert.equal(takeTurn({ ...LIMIT, burst: 1 }), 100);
});

it('has no limit without one', () => {
  const takeTurn = createRateLimiter(() => 0);
  for (let turn = 0; turn < 1000; turn++) assert.equal(takeTurn(undefined), 0);
});
