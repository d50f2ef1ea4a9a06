import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderExposition } from '../../src/metrics/exposition.ts';
import { buildFamilies } from '../../src/metrics/index.ts';
import { createSelfMetrics } from '../../src/metrics/self.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { parseExposition } from '../support/pages/exposition-parser.ts';
import { fullSnapshot } from '../support/pages/full-snapshot.ts';
import { LINUX_BUILD } from '../support/pages/snapshots.ts';

test('with every breakdown full at the default limits a page stays below 3,000 series and 500 KB', async () => {
  const self = createSelfMetrics();
  const families = buildFamilies(fullSnapshot(DEFAULT_LIMITS), LINUX_BUILD);
  const { body } = await renderExposition(families, await self.collect(), 'text');
  self.close();
  const samples = [...parseExposition(body).values()].flatMap((family) => family.samples);
  assert.ok(samples.length > 1500 && samples.length < 3000, `${samples.length} series`);
  assert.ok(Buffer.byteLength(body) < 500_000, `${Buffer.byteLength(body)} bytes`);
});
