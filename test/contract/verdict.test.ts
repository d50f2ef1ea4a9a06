import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { RUNBOOK as RUNBOOK_URL } from '../../src/http/pages/live/findings.ts';
import { THRESHOLD_ALERTS } from '../../src/model/threshold-alerts.ts';
import { ACTIONS, type AlertName, actionOfAlert } from '../../src/verdict/actions.ts';
import { ADVICE, type FindingKind, sayDo } from '../../src/verdict/advice.ts';
import type { Advice } from '../../src/verdict/pod-advice.ts';
import { DEFAULT_THRESHOLDS, THRESHOLD_TABLE, type Threshold, thresholdsOf } from '../../src/verdict/thresholds.ts';
import { parseQuery } from '../alerts/promql.ts';
import { RULES_FOLDER, readAlerts, readRecordings } from '../alerts/rule-files.ts';

const ALERTS = readAlerts();
const THRESHOLDS: readonly (readonly [string, Threshold])[] = Object.entries(THRESHOLD_TABLE);
const KINDS = Object.entries(ADVICE) as [FindingKind, Advice][];
const RUNBOOK = readFileSync(new URL('../runbook.md', RULES_FOLDER), 'utf8');

describe('the thresholds of the verdict', () => {
  it('are those of the alert rules', () => {
    const ruled = THRESHOLDS.filter(([, { rule }]) => rule !== undefined);
    assert.ok(ruled.length > 30);
    for (const [name, { rule, value, written }] of ruled) {
      const expr = exprOf(rule!);
      if (written !== undefined) assert.ok(expr.includes(written), `${name}: no "${written}" in ${rule}`);
      else assert.ok(parseQuery(expr).numbers.map(Number).includes(value), `${name}: no ${value} in ${rule}`);
    }
  });

  it('are the last number of their alert where they are its threshold', () => {
    const mains = THRESHOLDS.filter(([, { isMain }]) => isMain);
    assert.ok(mains.length > 20);
    for (const [name, { rule, value }] of mains)
      assert.equal(Number(parseQuery(exprOf(rule!)).numbers.at(-1)), value, `${name} of ${rule}`);
  });

  it('include that of every alert that a finding names and that compares with a number of its own', () => {
    const covered = new Set(THRESHOLDS.flatMap(([, { rule, isMain }]) => (isMain ? [rule] : [])));
    const named = new Set(KINDS.flatMap(([, { alert }]) => alert ?? []));
    const without = [...named].filter((alert) => !covered.has(alert));
    // facts, not amounts: a namespace is the host's or is not, a collector fails or does not
    assert.deepEqual(without, ['TcpStateWrongNamespace', 'TcpStateCollectorFailing']);
  });
});

describe('the thresholds of a host', () => {
  it('are possible for every alert that compares with tcpstate_alert_threshold, and for no other', () => {
    const comparing = ALERTS.filter(({ expr }) => expr.includes('tcpstate_alert_threshold')).map(({ alert }) => alert);
    assert.deepEqual([...THRESHOLD_ALERTS].sort(), comparing.sort());
  });

  it('replace in the verdict what they replace in the alert, and nothing else', () => {
    const own = Object.fromEntries(THRESHOLD_ALERTS.map((alert, index) => [alert, 1000 + index]));
    const chosen: Readonly<Record<string, number>> = thresholdsOf(own);
    for (const [name, { rule, value, isMain }] of THRESHOLDS)
      assert.equal(chosen[name], (isMain && own[rule ?? '']) || value, name);
    assert.ok(Object.values(chosen).filter((value) => value >= 1000 && value < 1100).length > 10);
    assert.deepEqual(thresholdsOf(), DEFAULT_THRESHOLDS);
  });
});

describe('what to do', () => {
  it('is the same sentence in the alert and in the verdict', () => {
    for (const [alert, action] of Object.entries(ACTIONS) as [AlertName, string][]) {
      const rule = ALERTS.find((each) => each.alert === alert);
      assert.equal(rule?.annotations.action, actionOfAlert(alert), alert);
      for (const [kind] of KINDS.filter(([, advice]) => advice.alert === alert && advice.instead === undefined))
        assert.ok(sayDo(kind, 'api').startsWith(action.replace('{process}', 'api')), kind);
    }
  });

  it('leads from the live page to the same place as the alert', () => {
    for (const alert of Object.keys(ACTIONS)) {
      const rule = ALERTS.find((each) => each.alert === alert);
      assert.equal(rule?.annotations.runbook_url, `${RUNBOOK_URL}#${alert.toLowerCase()}`);
    }
  });

  it('has no sentence that no finding says', () => {
    const said = new Set<string>(KINDS.flatMap(([, { alert }]) => alert ?? []));
    assert.deepEqual(
      Object.keys(ACTIONS).filter((alert) => !said.has(alert)),
      [],
    );
  });

  it('leads to a section of the runbook that says what to do and what not', () => {
    for (const [kind, { alert }] of KINDS) {
      if (alert === undefined) continue;
      const section = RUNBOOK.split(/^## /m).find((each) => each.startsWith(`${alert}\n`));
      assert.match(section ?? '', /\*\*First\.\*\*[\s\S]*\*\*Do not\*\*/, kind);
    }
  });
});

function exprOf(rule: string): string {
  const expr =
    ALERTS.find(({ alert }) => alert === rule)?.expr ?? readRecordings().find(({ record }) => record === rule)?.expr;
  assert.ok(expr !== undefined, `there is no rule ${rule}`);
  return expr;
}
