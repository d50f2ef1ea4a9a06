import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespaceFamilies } from '../../src/metrics/namespace.ts';

test('is 0 in another namespace than that of the host, and absent where nobody can tell', () => {
  const valuesOf = (part: Parameters<typeof namespaceFamilies>[0]) =>
    namespaceFamilies(part).flatMap(({ name, samples }) => samples.map(({ value }) => `${name} ${value}`));
  assert.deepEqual(valuesOf({ isHostNetwork: true, isHostPid: false }), [
    'tcpstate_network_namespace_is_host 1',
    'tcpstate_pid_namespace_is_host 0',
  ]);
  assert.deepEqual(valuesOf({ isHostNetwork: false }), ['tcpstate_network_namespace_is_host 0']);
  assert.deepEqual(valuesOf({ isHostPid: true }), ['tcpstate_pid_namespace_is_host 1']);
  assert.deepEqual(valuesOf(undefined), []);
});
