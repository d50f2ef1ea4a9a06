import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderExposition } from '../../src/metrics/exposition.ts';
import { buildFamilies } from '../../src/metrics/index.ts';
import { createSelfMetrics } from '../../src/metrics/self.ts';
import { LINUX_BUILD, LINUX_SNAPSHOT, WINDOWS_BUILD, WINDOWS_SNAPSHOT } from '../support/pages/snapshots.ts';
import { checkMetrics, SKIP_PROMTOOL } from '../support/programs/promtool.ts';

test('promtool has no objection to the whole page of a Linux and of a Windows host', {
  skip: SKIP_PROMTOOL,
}, async () => {
  const self = createSelfMetrics();
  const selfFamilies = await self.collect();
  self.close();
  for (const families of [buildFamilies(LINUX_SNAPSHOT, LINUX_BUILD), buildFamilies(WINDOWS_SNAPSHOT, WINDOWS_BUILD)]) {
    const { body } = await renderExposition(families, selfFamilies, 'text');
    assert.ok(body.split('\n').length > 200);
    assert.equal(checkMetrics(body), '');
  }
});

test('promtool takes every character a label may hold', { skip: SKIP_PROMTOOL }, async () => {
  const labels = ['quote " end', 'back\\slash\\n', 'line\nfeed', 'größe 進程 \u{1f980}', 'tab\tcr\r{a="b",} # x', ''];
  const samples = labels.map((label) => ({ labels: [label], value: 1 }));
  const family = { name: 'tcpstate_test', type: 'gauge', help: 'A test.', labelNames: ['process'], samples } as const;
  const { body } = await renderExposition([family], undefined, 'text');
  assert.equal(checkMetrics(body), '');
});

test('a page that promtool refuses is told as such', { skip: SKIP_PROMTOOL }, () => {
  assert.match(checkMetrics('# HELP a_total It.\n# TYPE a_total gauge\na_total 1\n'), /non-counter metrics should not/);
  assert.match(checkMetrics('a{b="c} 1\n'), /error/);
});
