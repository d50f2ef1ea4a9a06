import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryFamilies } from '../../src/metrics/memory.ts';

test('takes the limit of orphans from the settings when the memory part lacks it', () => {
  assert.deepEqual(orphanLimit({ orphans: 1 }, { tcpMaxOrphans: 8192 }), [8192]);
  assert.deepEqual(orphanLimit(undefined, { tcpMaxOrphans: 8192 }), [8192]);
  assert.deepEqual(orphanLimit({ orphanLimit: 4096 }, { tcpMaxOrphans: 8192 }), [4096]);
  assert.deepEqual(orphanLimit({ orphans: 1 }, undefined), []);
});

function orphanLimit(...parts: Parameters<typeof memoryFamilies>): number[] {
  const family = memoryFamilies(...parts).find(({ name }) => name === 'tcpstate_orphan_limit');
  return family!.samples.map(({ value }) => value);
}
