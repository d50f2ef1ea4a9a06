import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespaceFamilies } from '../../src/metrics/namespace.ts';

test('is 0 in another network namespace than the host, and absent where nobody can tell', () => {
  const valuesOf = (part: Parameters<typeof namespaceFamilies>[0]) =>
    namespaceFamilies(part).flatMap(({ samples }) => samples.map(({ value }) => value));
  assert.deepEqual(valuesOf({ isHost: true }), [1]);
  assert.deepEqual(valuesOf({ isHost: false }), [0]);
  assert.deepEqual(valuesOf(undefined), []);
});
