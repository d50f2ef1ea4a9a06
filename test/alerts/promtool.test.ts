import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeExpandedTests } from './expanded-tests.ts';
import { runTool, skipWithout } from './real-tool.ts';
import { RULES_FOLDER, ruleTestFiles, TESTS_FOLDER } from './rule-files.ts';

const skip = skipWithout('promtool');
const PROMETHEUS_FOLDER = new URL('../', RULES_FOLDER);

test('promtool accepts every rule file and finds nothing to remark', { skip }, () => {
  const files = readdirSync(RULES_FOLDER);
  const said = runTool('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', ...files], RULES_FOLDER);
  assert.equal(said.match(/SUCCESS: \d+ rules found/g)?.length, files.length);
});

for (const file of ruleTestFiles()) {
  test(`alerts fire and stay silent as ${file} says`, { skip }, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tcpstate-rule-tests-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    assert.match(runTool('promtool', ['test', 'rules', writeExpandedTests(file, folder)], TESTS_FOLDER), /SUCCESS/);
  });
}

test('promtool accepts the example configuration with its rules and target files', { skip }, () => {
  const said = runTool('promtool', ['check', 'config', 'prometheus.yml'], PROMETHEUS_FOLDER);
  assert.match(said, /prometheus\.yml is valid prometheus config file syntax/);
  assert.match(said, new RegExp(`SUCCESS: ${readdirSync(RULES_FOLDER).length} rule files found`));
});
