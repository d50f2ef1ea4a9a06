import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCapabilities, readCapabilities } from '../../../../src/platform/linux/procfs/capabilities.ts';
import { RECORDED } from './fake-procfs.ts';

const mask = (hex: string) => parseCapabilities(`Name:\tnode\nCapPrm:\tffffffffffffffff\nCapEff:\t${hex}\n`, 'status');

test('reads the capabilities of a recorded root process', () => {
  assert.deepEqual(readCapabilities(RECORDED), { sysPtrace: true, dacReadSearch: true });
});

test('tells each capability from its own bit', () => {
  assert.deepEqual(mask('0000000000000000'), { sysPtrace: false, dacReadSearch: false });
  assert.deepEqual(mask('0000000000080000'), { sysPtrace: true, dacReadSearch: false });
  assert.deepEqual(mask('0000000000000004'), { sysPtrace: false, dacReadSearch: true });
  assert.deepEqual(mask('fffffffffff7effb'), { sysPtrace: false, dacReadSearch: false });
});

test('names the file that does not tell', () => {
  for (const text of ['', 'CapEff:\t12\n', 'CapEff:\tzz00000000000000\n', 'xCapEff:\t0000000000000000\n']) {
    assert.throws(() => parseCapabilities(text, '/proc/self/status'), { message: '/proc/self/status: no CapEff line' });
  }
});
