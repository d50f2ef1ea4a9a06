import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readExportedLabels, TARGET_LABELS } from './exported-labels.ts';
import { parseQuery } from './promql.ts';
import { RULES_FOLDER, readAlerts, readRecordings } from './rule-files.ts';

const EXPORTED = await readExportedLabels();

for (const rule of [...readRecordings(), ...readAlerts()]) {
  const name = 'alert' in rule ? rule.alert : rule.record;
  const queries = [rule.expr, ...('alert' in rule ? templateQueries(rule.annotations.description!) : [])];

  test(`${name} names only metrics and labels that exist`, () => {
    for (const query of queries) assertNamesExist(query);
  });
}

test('queries of the runbook name only metrics and labels that exist', () => {
  const runbook = readFileSync(new URL('../runbook.md', RULES_FOLDER), 'utf8');
  const blocks = [...runbook.matchAll(/^ {4}(\S.*)$/gm)].map(([, query]) => query!);
  assert.ok(blocks.length > 5);
  for (const query of blocks) assertNamesExist(query);
  for (const [metric] of runbook.matchAll(/\b(?:(?:destination|instance|listener|process):)?tcpstate_[\w:]+/g))
    assert.ok(EXPORTED.has(metric), metric);
});

test('labels in the text of an alert are labels its query can have', () => {
  for (const { alert, expr, annotations } of readAlerts()) {
    const { selectors } = parseQuery(expr);
    const possible = new Set([
      ...TARGET_LABELS,
      ...selectors.flatMap(({ metric }) => [...(EXPORTED.get(metric) ?? [])]),
    ]);
    for (const [, label] of annotations.description!.matchAll(/\$labels\.(\w+)/g)) {
      assert.ok(possible.has(label!), `${alert}: ${label}`);
    }
  }
});

/** Queries inside the text of an alert, with a plain string in place of each label's value and a number in place of its own. */
function templateQueries(text: string): string[] {
  return [...text.matchAll(/printf "([^"]*)"[^}]*\| query/g)].map(([, query]) =>
    query!.replaceAll('%q', '"x"').replaceAll('%f', '1'),
  );
}

function assertNamesExist(query: string): void {
  const { errors, selectors, grouping } = parseQuery(query);
  assert.deepEqual(errors, [], query);
  assert.ok(selectors.length > 0, query);
  const possible = new Set(TARGET_LABELS);
  for (const { metric, matchers } of selectors) {
    const labels = EXPORTED.get(metric);
    assert.ok(labels !== undefined, `no metric ${metric}: ${query}`);
    for (const label of labels) possible.add(label);
    for (const { label } of matchers) {
      assert.ok(labels.has(label) || TARGET_LABELS.includes(label), `${metric} has no label ${label}: ${query}`);
    }
  }
  for (const label of grouping) assert.ok(possible.has(label), `no label ${label}: ${query}`);
}
