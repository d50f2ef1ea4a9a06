import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { runTool, skipWithout } from './real-tool.ts';
import { readAlerts } from './rule-files.ts';

const FOLDER = new URL('../../deploy/alertmanager/', import.meta.url);
const skip = skipWithout('amtool');

interface Config {
  readonly inhibit_rules: readonly { source_matchers: string[]; target_matchers: string[]; equal: string[] }[];
}

test('amtool accepts the example configuration', { skip }, () => {
  assert.match(runTool('amtool', ['check-config', 'alertmanager.yml'], FOLDER), /SUCCESS/);
});

for (const [severity, receiver] of [
  ['critical', 'pagerduty'],
  ['warning', 'slack'],
  ['info', 'nobody'],
] as const) {
  test(`an alert of severity ${severity} goes to ${receiver}`, { skip }, () => {
    const args = ['config', 'routes', 'test', '--config.file=alertmanager.yml', `--verify.receivers=${receiver}`];
    runTool('amtool', [...args, 'alertname=TcpAny', 'instance=web-1:10048', `severity=${severity}`], FOLDER);
  });
}

test('every severity of the rules has a route of its own', () => {
  const severities = new Set(readAlerts().map(({ labels }) => labels.severity));
  assert.deepEqual([...severities].sort(), ['critical', 'info', 'warning']);
});

test('inhibition hides what the worse alert of the same host already says, and names only alerts that exist', () => {
  const { inhibit_rules: rules } = parse(readFileSync(new URL('alertmanager.yml', FOLDER), 'utf8')) as Config;
  const alerts = readAlerts().map(({ alert }) => alert);
  const hidden = new Map(
    rules.map((rule) => [namesOf(rule.source_matchers)[0], hiddenBy(rule.target_matchers, alerts)]),
  );
  for (const name of ['TcpEphemeralPortsHigh', 'TcpEphemeralPortsFillingUp']) {
    assert.ok(hidden.get('TcpEphemeralPortsExhausted')?.includes(name));
  }
  assert.deepEqual(
    hidden.get('TcpStateExporterDown'),
    alerts.filter((alert) => alert !== 'TcpStateExporterDown'),
  );
  for (const rule of rules) {
    assert.deepEqual(rule.equal, ['job', 'instance']);
    const named = [...rule.source_matchers, ...rule.target_matchers].flatMap((matcher) => namesOf([matcher]));
    for (const name of named) assert.ok(alerts.includes(name), `no alert ${name}`);
  }
});

function namesOf(matchers: readonly string[]): string[] {
  return matchers.join(' ').match(/\bTcp[A-Za-z]+/g) ?? [];
}

/** The alerts for which every matcher on `alertname` holds. */
function hiddenBy(matchers: readonly string[], alerts: readonly string[]): string[] {
  const tests = matchers.map((matcher) => {
    const [, operator, value] = /^alertname (=~|!=|=) "?([^"]+)"?$/.exec(matcher) ?? [];
    const pattern = new RegExp(`^(?:${value})$`);
    return (alert: string) => pattern.test(alert) === (operator !== '!=');
  });
  return alerts.filter((alert) => tests.every((holds) => holds(alert)));
}
