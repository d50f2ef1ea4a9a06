import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTING_METRICS } from '../../dashboards/settings.ts';
import { readExportedLabels, TARGET_LABELS } from '../alerts/exported-labels.ts';
import { parseQuery } from '../alerts/promql.ts';
import { type Dashboard, queriesOf, readDashboards } from './dashboard-files.ts';

const EXPORTED = await readExportedLabels();
/** Labels that functions of a query itself make; `cluster` is one that a Prometheus may add. */
const MADE_BY_QUERY = ['setting', 'value', '__name__', 'owner', 'section', 'cluster'];

for (const [file, dashboard] of readDashboards()) {
  test(`queries of ${file} parse and name only metrics and labels that exist`, () => {
    const queries = queriesOf(dashboard);
    assert.ok(queries.length > 10);
    for (const { where, query } of queries) assertNamesExist(where, query);
  });

  test(`legends, columns and variables of ${file} use labels that exist`, () => {
    const all = new Set([...TARGET_LABELS, ...MADE_BY_QUERY, ...[...EXPORTED.values()].flatMap((own) => [...own])]);
    for (const label of labelsShown(dashboard)) assert.ok(all.has(label), label);
    for (const { query } of dashboard.templating.list) {
      const text = typeof query === 'string' ? query : query.query;
      const metric = /^label_values\((\w+)/.exec(text)?.[1];
      assert.ok(text === 'prometheus' || EXPORTED.has(metric!), text);
    }
  });
}

test('the list of settings holds every setting the exporter has', () => {
  const settings = [...EXPORTED.keys()].filter((metric) => metric.startsWith('tcpstate_setting_'));
  assert.ok(settings.length > 10);
  assert.deepEqual(
    settings.filter((metric) => !SETTING_METRICS.includes(metric as (typeof SETTING_METRICS)[number])),
    [],
  );
});

function assertNamesExist(where: string, query: string): void {
  const { errors, selectors, grouping } = parseQuery(query);
  assert.deepEqual(errors, [], `${where}: ${query}`);
  const possible = new Set([...TARGET_LABELS, ...MADE_BY_QUERY]);
  for (const { metric, matchers } of selectors) {
    const metrics = metric === '' ? alternatives(matchers.find(({ label }) => label === '__name__')!.value) : [metric];
    for (const name of metrics) {
      const labels = EXPORTED.get(name);
      assert.ok(labels !== undefined, `${where}: no metric ${name}`);
      for (const label of labels) possible.add(label);
    }
    const known = new Set([...TARGET_LABELS, ...MADE_BY_QUERY, ...metrics.flatMap((name) => [...EXPORTED.get(name)!])]);
    for (const { label } of matchers) assert.ok(known.has(label), `${where}: ${metric} has no label ${label}`);
  }
  for (const label of grouping) assert.ok(possible.has(label), `${where}: no label ${label}`);
}

function alternatives(pattern: string): string[] {
  return pattern.split('|');
}

function labelsShown(dashboard: Dashboard): string[] {
  const text = JSON.stringify(dashboard);
  const legends = [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
  const columns = [...text.matchAll(/"renameByName":(\{[^}]*\})/g)].flatMap(([, names]) =>
    Object.keys(JSON.parse(names!)),
  );
  return [...legends, ...columns.filter((name) => !name.startsWith('Value'))];
}
