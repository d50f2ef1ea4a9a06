import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseExposition } from '../support/pages/exposition-parser.ts';
import { readGoldenPage } from '../support/pages/golden-pages.ts';

/** A metric as docs/metrics.md or a page describes it. */
interface Metric {
  readonly type: string;
  readonly labels: readonly string[];
}

test('the metric tables of docs/metrics.md list exactly the families of the pages, with type and labels', () => {
  const documented = Object.fromEntries(readTables().map(({ name, type, labels }) => [name, { type, labels }]));
  assert.deepEqual(documented, {
    ...familiesOf('names.txt'),
    ...familiesOf('dropped.txt'),
    ...familiesOf('linux.txt'),
    ...familiesOf('windows.txt'),
  });
});

test('no metric is listed twice, and each has a meaning that is a sentence', () => {
  const rows = readTables();
  assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
  for (const { name, meaning } of rows) assert.match(meaning, /^[A-Z0-9`].+\.$/, name);
});

function familiesOf(file: Parameters<typeof readGoldenPage>[0]): Record<string, Metric> {
  const families = [...parseExposition(readGoldenPage(file)).values()];
  return Object.fromEntries(
    families.map(({ name, type, samples }) => [name, { type, labels: Object.keys(samples[0]!.labels) }]),
  );
}

/** The rows between the markers of docs/metrics.md. A row that is not of the expected form fails. */
function readTables(): (Metric & { readonly name: string; readonly meaning: string })[] {
  const document = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const section = /<!-- metrics:start -->\n(.*)<!-- metrics:end -->/s.exec(document)?.[1];
  assert.ok(section !== undefined, 'docs/metrics.md has no section between the metrics markers');
  const lines = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| metric |'));
  return lines.map((line) => {
    const cells = /^\| `(\w+)` \| (\w+) \| (.+?) \| (.+) \|$/.exec(line);
    assert.ok(cells !== null, `not a row of a metric: ${line}`);
    const [, name, type, labels, meaning] = cells as unknown as [string, string, string, string, string];
    return { name, type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label!), meaning };
  });
}
