import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildPrometheusRule, MANIFEST } from '../../deploy/kubernetes/prometheus-rule.ts';
import { readAlerts, readRecordings } from '../alerts/rule-files.ts';

test('the PrometheusRule is what the rule files say (else: npm run deploy:kubernetes)', () => {
  const manifest = readFileSync(MANIFEST, 'utf8');
  assert.equal(manifest, buildPrometheusRule());
  for (const { alert } of readAlerts()) assert.ok(manifest.includes(`- alert: ${alert}\n`), alert);
  for (const { record } of readRecordings()) assert.ok(manifest.includes(`- record: ${record}\n`), record);
});
