import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { runTool, skipWithout } from './real-tool.ts';
import { readAlerts } from './rule-files.ts';

const FOLDER = new URL('../../deploy/alertmanager/', import.meta.url);
const skip = skipWithout('amtool');
const NOT_CRITICAL = 'severity != critical';

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

test('the subject names a destination, and calls the sums of the rest what they are', { skip }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [remoteIp, remotePort, subject] of [
    ['10.0.9.9', '5432', 'TcpAny to 10.0.9.9 port 5432 on web-1:10048'],
    ['other', 'other', 'TcpAny to several destinations on web-1:10048'],
    ['filtered', 'filtered', 'TcpAny to several destinations on web-1:10048'],
  ] as const) {
    const data = join(folder, `${remoteIp}.json`);
    const labels = { alertname: 'TcpAny', instance: 'web-1:10048', remote_ip: remoteIp, remote_port: remotePort };
    writeFileSync(data, JSON.stringify({ alerts: [{ labels }], commonLabels: labels }));
    const text = '--template.text={{ template "tcpstate.subject" . }}';
    const args = ['template', 'render', '--template.glob=tcpstate.tmpl', text, `--template.data=${data}`];
    assert.equal(runTool('amtool', args, FOLDER).trim(), subject);
  }
});

test('every severity of the rules has a route of its own', () => {
  const severities = new Set(readAlerts().map(({ labels }) => labels.severity));
  assert.deepEqual([...severities].sort(), ['critical', 'info', 'warning']);
});

test('inhibition hides what the worse alert of the same host already says, and names only alerts that exist', () => {
  const { inhibit_rules: rules } = parse(readFileSync(new URL('alertmanager.yml', FOLDER), 'utf8')) as Config;
  const alerts = readAlerts().map(({ alert }) => alert);
  const harmless = readAlerts().flatMap(({ alert, labels }) => (labels.severity === 'critical' ? [] : [alert]));
  const hidden = new Map<string, string[]>();
  for (const rule of rules) {
    for (const source of hiddenBy(rule.source_matchers, alerts)) {
      const targets = hiddenBy(rule.target_matchers, rule.target_matchers.includes(NOT_CRITICAL) ? harmless : alerts);
      hidden.set(source, [...(hidden.get(source) ?? []), ...targets]);
    }
  }
  for (const [worse, name] of [
    ['TcpEphemeralPortsExhausted', 'TcpEphemeralPortsHigh'],
    ['TcpEphemeralPortsExhausted', 'TcpEphemeralPortsFillingUp'],
    ['TcpEphemeralPortsExhausted', 'TcpTimeWaitHigh'],
    ['TcpCloseWaitLeak', 'TcpCloseWaitStuck'],
    ['TcpAcceptQueueStuck', 'TcpCloseWaitStuck'],
    ['TcpSynSentPiling', 'TcpConnectsFailing'],
  ] as const) {
    assert.ok(hidden.get(worse)?.includes(name), `${worse} hides ${name}`);
  }
  assert.deepEqual(
    hidden.get('TcpStateExporterDown'),
    harmless.filter((alert) => alert !== 'TcpStateExporterDown'),
    'what fires on the few scrapes that arrive still pages',
  );
  for (const rule of rules) {
    assert.deepEqual(rule.equal.slice(0, 2), ['job', 'instance'], 'never across hosts');
    for (const matcher of [...rule.source_matchers, ...rule.target_matchers]) {
      for (const alternative of alternativesOf(matcher)) {
        assert.ok(hiddenBy([`alertname =~ "${alternative}"`], alerts).length > 0, `no alert ${alternative}`);
      }
    }
  }
});

test('a listener hides only what is its own: its labels name it, and an alert without them stays', () => {
  const { inhibit_rules: rules } = parse(readFileSync(new URL('alertmanager.yml', FOLDER), 'utf8')) as Config;
  const alerts = readAlerts().map(({ alert }) => alert);
  const listenerOf = (name: string) => (name.startsWith('TcpPod') ? ['netns', 'process'] : ['process']);
  for (const { source_matchers: sources, target_matchers: targets, equal } of rules) {
    for (const source of hiddenBy(sources, alerts).filter((name) => name.endsWith('AcceptQueueStuck'))) {
      const hidden = hiddenBy(targets, alerts);
      assert.ok(!hidden.some((name) => name.endsWith('AcceptQueueOverflow')), `${source} hides ${hidden}`);
      for (const label of listenerOf(source)) assert.ok(equal.includes(label), `${source} hides ${hidden} of others`);
    }
  }
});

/** `alertname =~ "A(B|C)|D"` → AB, AC, D: each has to be an alert, a misspelt one hides nothing and nobody sees it. */
function alternativesOf(matcher: string): string[] {
  const pattern = /^alertname (?:=~|!=|=) "?([^"]+)"?$/.exec(matcher)?.[1] ?? '';
  return (pattern.match(/(?:[^|(]|\([^)]*\))+/g) ?? []).flatMap((part) => {
    const [, head, choices, tail] = /^([^(]*)\(([^)]*)\)(.*)$/.exec(part) ?? [];
    return choices === undefined ? [part] : choices.split('|').map((choice) => `${head}${choice}${tail}`);
  });
}

/** The alerts for which every matcher on `alertname` holds. */
function hiddenBy(matchers: readonly string[], alerts: readonly string[]): string[] {
  const onNames = matchers.filter((matcher) => matcher.startsWith('alertname '));
  const tests = onNames.map((matcher) => {
    const [, operator, value] = /^alertname (=~|!=|=) "?([^"]+)"?$/.exec(matcher) ?? [];
    const pattern = new RegExp(`^(?:${value})$`);
    return (alert: string) => pattern.test(alert) === (operator !== '!=');
  });
  return alerts.filter((alert) => tests.every((holds) => holds(alert)));
}
