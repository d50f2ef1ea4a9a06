import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { UIDS } from '../../dashboards/links.ts';
import { RULES_FOLDER, readAlerts, readRuleTests } from './rule-files.ts';

const ALERTS = readAlerts();
const CASES = readRuleTests();
const RUNBOOK = readFileSync(new URL('../runbook.md', RULES_FOLDER), 'utf8');
const DASHBOARDS: readonly string[] = Object.values(UIDS);
const RUNBOOK_URL = 'https://github.com/tcpstate-exporter/tcpstate-exporter/blob/main/deploy/prometheus/runbook.md';

test('the alerts an operator relies on are there, with their severity', () => {
  const namesOf = (severity: string) =>
    ALERTS.filter(({ labels }) => labels.severity === severity)
      .map(({ alert }) => alert)
      .sort();
  assert.deepEqual(namesOf('critical'), [
    'TcpAcceptQueueOverflow',
    'TcpAcceptQueueStuck',
    'TcpConnectsWithoutPort',
    'TcpConntrackTableFull',
    'TcpEphemeralPortsExhausted',
    'TcpEphemeralPortsExhaustedOften',
    'TcpListenerGone',
    'TcpPodAcceptQueueStuck',
    'TcpPodEphemeralPortsExhausted',
    'TcpProcessFdsRunningOut',
  ]);
  assert.deepEqual(namesOf('warning'), [
    'TcpAbortOnMemory',
    'TcpAcceptQueueNearLimit',
    'TcpCloseWaitLeak',
    'TcpCloseWaitStuck',
    'TcpClosedSocketsHeld',
    'TcpClosingPiling',
    'TcpConnectionsRefused',
    'TcpConnectionsReset',
    'TcpConnectsFailing',
    'TcpConntrackDrops',
    'TcpConntrackTableHigh',
    'TcpDestinationFailing',
    'TcpEphemeralPortsFillingUp',
    'TcpEphemeralPortsHigh',
    'TcpMemoryNearLimit',
    'TcpOrphansNearLimit',
    'TcpPodAcceptQueueOverflow',
    'TcpPodCloseWaitStuck',
    'TcpPodConnectsFailing',
    'TcpPodEphemeralPortsHigh',
    'TcpPodRetransmitRatioHigh',
    'TcpPodTimeWaitHigh',
    'TcpPodTimeWaitTableOverflow',
    'TcpPortExhaustionEvent',
    'TcpProcessFdsLeak',
    'TcpProcessFdsNearLimit',
    'TcpRetransmitRatioHigh',
    'TcpStateCollectorFailing',
    'TcpStateConfigReloadFailed',
    'TcpStateExporterAbsent',
    'TcpStateExporterDown',
    'TcpStateScrapeSlow',
    'TcpStateWrongNamespace',
    'TcpSynBacklogFull',
    'TcpSynSentPiling',
    'TcpSynSentSpread',
    'TcpSystemFilesNearLimit',
    'TcpTimeWaitHigh',
    'TcpTimeWaitTableOverflow',
    'TcpTwRecycleRejects',
  ]);
  assert.deepEqual(namesOf('info'), [
    'TcpConnectionsNotReused',
    'TcpEphemeralPortsAllHeld',
    'TcpListenerInEphemeralRange',
    'TcpSocketsUnusual',
    'TcpStateOwnersHidden',
  ]);
});

for (const alert of ALERTS) {
  const { annotations } = alert;
  test(`${alert.alert} keeps the conventions of alerts`, () => {
    assert.match(alert.alert, /^Tcp([A-Z][a-z]+)+$/);
    assert.deepEqual(Object.keys(alert.labels), ['severity', 'component']);
    assert.deepEqual(Object.keys(annotations), ['summary', 'description', 'action', 'dashboard_path', 'runbook_url']);
    assert.match(annotations.action!, /^[A-Za-z_][^{}]+\.$/, 'what to do is the same for every host of a message');
    assert.ok(DASHBOARDS.includes(/^\/d\/([\w-]+)(\?|$)/.exec(annotations.dashboard_path!)?.[1] ?? ''));
    assert.match(annotations.summary!, /^[A-Zt][^{}]+\.$/, 'summary is one constant sentence');
    assert.match(annotations.description!, /\$labels\.\w+/);
    assert.match(annotations.description!, /\$value/);
    assert.notEqual(alert.for, undefined);
    if (alert.labels.severity === 'critical') assert.notEqual(alert.keep_firing_for, undefined);
  });

  test(`${alert.alert} has a section of the runbook that says what to do and what not`, () => {
    assert.equal(annotations.runbook_url, `${RUNBOOK_URL}#${alert.alert.toLowerCase()}`);
    const section = RUNBOOK.split(/^## /m).find((text) => text.startsWith(`${alert.alert}\n`));
    for (const part of ['**Means.**', '**See the culprit.**', '**First.**', '**Do not**', '**Fix.**']) {
      assert.ok(section?.includes(part), `${part} is missing`);
    }
  });

  test(`${alert.alert} is tested firing, silent and at its boundary`, () => {
    const cases = CASES.filter(({ name }) => name.startsWith(`${alert.alert} `));
    for (const kind of ['fires', 'stays silent', 'boundary:']) {
      assert.ok(
        cases.some(({ name }) => name.startsWith(`${alert.alert} ${kind}`)),
        `no case "${kind}"`,
      );
    }
    for (const { name, alert_rule_test: checks } of cases) {
      assert.ok(checks.every(({ alertname }) => alertname === alert.alert));
      const isSilent = checks.every(({ exp_alerts }) => exp_alerts.length === 0);
      const mayBeSilent = /stays silent|TcpStateExporterAbsent boundary/.test(name);
      assert.equal(isSilent, mayBeSilent, name);
    }
  });
}

test('the runbook has no section for an alert that does not exist', () => {
  const sections = [...RUNBOOK.matchAll(/^## (Tcp\w+)$/gm)].map(([, name]) => name);
  assert.deepEqual(sections.toSorted(), ALERTS.map(({ alert }) => alert).sort());
});

test('links inside the runbook lead to sections of it', () => {
  const anchors = [...RUNBOOK.matchAll(/^## (.+)$/gm)].map(([, title]) => title!.toLowerCase().replaceAll(' ', '-'));
  const links = [...RUNBOOK.matchAll(/\]\(#([\w-]+)\)/g)].map(([, anchor]) => anchor!);
  assert.deepEqual(
    links.filter((link) => !anchors.includes(link)),
    [],
  );
  assert.ok(links.length > 10);
});
