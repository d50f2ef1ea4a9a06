import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readAlerts } from '../alerts/rule-files.ts';
import { type Panel, panelsOf, readDashboards } from './dashboard-files.ts';

const DASHBOARDS = readDashboards();
const RUNBOOK = readFileSync(new URL('../../deploy/prometheus/runbook.md', import.meta.url), 'utf8');

test('every row of What fires leads to a section that the runbook has', () => {
  const panel = panelOf('triage.json', 'What fires');
  const url = linkOf(panel, 'Alert');
  assert.match(url, /\/runbook\.md#\$\{__data\.fields\.Section\}$/);
  const [mapping] = property(panel, 'Section', 'mappings') as [{ options: Record<string, { text: string }> }];
  for (const { alert, annotations } of readAlerts()) {
    const anchor = mapping.options[alert]?.text;
    assert.equal(annotations.runbook_url?.split('#')[1], anchor, alert);
    const headings = [...RUNBOOK.matchAll(/^## (\S+)$/gm)].map(([, heading]) => heading!.toLowerCase());
    assert.ok(headings.includes(anchor!), `${alert} leads to ${anchor}`);
  }
});

for (const file of ['triage.json', 'host.json']) {
  test(`${file}: owner and destination lead to the filtered dashboard of the host`, () => {
    const panel = panelOf(file, 'Busiest destinations and who talks to them');
    assert.match(linkOf(panel, 'Owner'), /^\/d\/tcpstate-host\?.*&var-process=\$\{__data\.fields\.Process\}/);
    assert.match(
      linkOf(panel, 'Destination'),
      /^\/d\/tcpstate-host\?.*&var-remote_ip=\$\{__data\.fields\.Destination\}/,
    );
    for (const column of ['Owner', 'Destination']) assertKeepsChoice(linkOf(panel, column));
    assert.deepEqual(property(panel, 'Process', 'custom.hideFrom'), { viz: true, legend: false, tooltip: false });
  });

  test(`${file} marks an inferred owner and says so; who stays unknown is grey and last`, () => {
    for (const title of ['Busiest destinations and who talks to them', 'Ephemeral ports by process']) {
      const { description, targets } = panelOf(file, title);
      assert.match(description!, /`~`.*inferred/, title);
      assert.match(targets![0]!.expr, /"owner", "~\$1", "process"/, title);
    }
    const bars = panelOf(file, 'Ephemeral ports by process');
    assert.doesNotMatch(bars.targets![0]!.expr, /process="unknown"/);
    assert.match(bars.targets!.at(-1)!.expr, /process="unknown"/);
    const { properties } = bars.fieldConfig!.overrides.find(({ matcher }) => matcher.id === 'byFrameRefID')!;
    assert.deepEqual(properties, [{ id: 'color', value: { mode: 'fixed', fixedColor: '#6b7078' } }]);
  });
}

test('below its first screen the Host dashboard shows headings only', () => {
  const rows = DASHBOARDS.get('host.json')!.panels.filter(({ type }) => type === 'row');
  assert.deepEqual(
    rows.map(({ title, collapsed, panels = [] }) => [title, collapsed, panels.length > 0]),
    [
      ['Ephemeral ports', false, false],
      ...['Sockets', 'CLOSE_WAIT', 'Listeners', 'Traffic', 'Limits and settings'].map((title) => [title, true, true]),
    ],
  );
});

for (const [file, dashboard] of DASHBOARDS) {
  test(`${file} uses exactly the variables that it asks for`, () => {
    const text = JSON.stringify([dashboard.panels, dashboard.annotations, dashboard.templating]);
    const used = [...text.matchAll(/=~\\"\$(\w+)\\"/g)].map(([, name]) => name!);
    const asked = dashboard.templating.list.map(({ name }) => name).filter((name) => name !== 'datasource');
    assert.deepEqual([...new Set(used)].sort(), [...asked].sort());
  });
}

function assertKeepsChoice(url: string): void {
  for (const name of ['datasource', 'cluster', 'job']) assert.ok(url.includes(`\${${name}:queryparam}`), url);
  assert.match(url, /var-instance=\$\{__data\.fields\.Host\}|\$\{instance:queryparam\}/);
}

function panelOf(file: string, title: string): Panel {
  return panelsOf(DASHBOARDS.get(file)!).find((panel) => panel.title === title)!;
}

function linkOf(panel: Panel, column: string): string {
  return (property(panel, column, 'links') as [{ url: string }])[0].url;
}

function property({ fieldConfig }: Panel, column: string, id: string): unknown {
  const override = fieldConfig!.overrides.find(({ matcher }) => matcher.options === column);
  return override?.properties.find((each) => each.id === id)?.value;
}
