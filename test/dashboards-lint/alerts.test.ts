import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALERT_THRESHOLDS } from '../../dashboards/thresholds.ts';
import { parseQuery } from '../alerts/promql.ts';
import { readAlerts } from '../alerts/rule-files.ts';
import { panelsOf, readDashboards } from './dashboard-files.ts';

const ALERTS = readAlerts();
const PANELS = [...readDashboards().values()].flatMap(panelsOf);

test('every alert has a panel that names it, and every panel names alerts that exist', () => {
  const named = PANELS.flatMap(({ description = '' }) => {
    return (/Alerts: ([^.]+)\.$/.exec(description)?.[1] ?? '').split(', ').filter((name) => name !== '');
  });
  assert.deepEqual([...new Set(named)].sort(), ALERTS.map(({ alert }) => alert).sort());
});

test('a panel that names an alert leads to its section of the runbook', () => {
  const urls = new Map(ALERTS.map(({ alert, annotations }) => [alert, annotations.runbook_url]));
  for (const { title, description = '', links = [] } of PANELS) {
    const names = /Alerts: ([^.]+)\.$/.exec(description)?.[1]?.split(', ') ?? [];
    assert.deepEqual(
      links.map(({ url }) => url),
      names.map((name) => urls.get(name)),
      title,
    );
  }
});

for (const [name, threshold] of Object.entries(ALERT_THRESHOLDS)) {
  test(`the dashboards draw ${name} where it fires`, () => {
    const rule = ALERTS.find(({ alert }) => alert === name);
    assert.equal(Number(parseQuery(rule!.expr).numbers.at(-1)), threshold);
  });
}
