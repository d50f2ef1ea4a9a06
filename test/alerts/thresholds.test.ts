import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { parseQuery } from './promql.ts';
import { runTool, skipWithout } from './real-tool.ts';
import { RULES_FOLDER, readAlerts } from './rule-files.ts';

const README = readFileSync(new URL('../README.md', RULES_FOLDER), 'utf8');

test('the thresholds of README give the hosts of a group another one and leave the others alone', {
  skip: skipWithout('promtool'),
}, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-thresholds-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const example = /## Other thresholds[\s\S]*?```yaml\n([\s\S]*?)```/.exec(README)?.[1];
  writeFileSync(join(folder, 'my-thresholds.yml'), example!);
  const host = (instance: string, role: string) => `job="tcpstate", instance="${instance}", role="${role}"`;
  const hosts = [host('web-1', 'crawler'), host('web-2', 'shop')];
  const waiting =
    'state="syn_sent", direction="outbound", local_port="ephemeral", remote_ip="10.0.9.9", remote_port="443"';
  const tests = {
    rule_files: ['my-thresholds.yml', join(fileURLToPath(RULES_FOLDER), '*.yml')],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: hosts.flatMap((labels) => [
          { series: `up{${labels}}`, values: '1x60' },
          { series: `tcpstate_connections{${labels}, ${waiting}, process="fetch"}`, values: '400x60' },
        ]),
        promql_expr_test: [
          {
            expr: 'count by (instance) (ALERTS{alertname="TcpSynSentPiling", alertstate="firing"})',
            eval_time: '20m',
            exp_samples: [{ labels: '{instance="web-2"}', value: 1 }],
          },
        ],
      },
    ],
  };
  writeFileSync(join(folder, 'tests.yml'), stringify(tests));
  assert.match(runTool('promtool', ['test', 'rules', 'tests.yml'], new URL(`file://${folder}/`)), /SUCCESS/);
});

test('a rule that takes a threshold of yours asks for its own name, and ends with its own threshold', () => {
  const taking = readAlerts().filter(({ expr }) => expr.includes('tcpstate_alert_threshold'));
  assert.ok(taking.length > 15);
  for (const { alert, expr } of taking) {
    assert.deepEqual(expr.match(/(?<=tcpstate_alert_threshold\{alertname=")\w+/g), [alert]);
    assert.match(
      expr,
      new RegExp(`max by \\(job, instance\\) \\(up\\) \\+ ${parseQuery(expr).numbers.at(-1)}\\)\\s*$`),
    );
  }
});
