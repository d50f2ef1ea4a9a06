import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildFamilies } from '../../src/metrics/index.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { readExportedLabels, TARGET_LABELS } from '../alerts/exported-labels.ts';
import { parseQuery } from '../alerts/promql.ts';
import { FULL_CONFIG, fullSnapshot } from '../support/pages/full-snapshot.ts';
import { LINUX_BUILD } from '../support/pages/snapshots.ts';

const README_FILE = new URL('../../deploy/prometheus/README.md', import.meta.url);
const README = readFileSync(README_FILE, 'utf8');
/** A metric with fewer series is not worth a row. */
const FEWEST = 20;
const HOSTS = [10, 100, 1000, 10_000];
const INTERVAL_SECONDS = 15;

/** `UPDATE_GOLDEN=1` writes the table anew. */
test('the series arithmetic of deploy/prometheus/README.md is that of the default limits', () => {
  const table = /<!-- series:start -->\n(.*)<!-- series:end -->/s.exec(README)?.[1];
  const counts = buildFamilies({ ...fullSnapshot(DEFAULT_LIMITS), config: FULL_CONFIG }, LINUX_BUILD).map(
    ({ name, samples }) => ({
      name,
      series: samples.length,
    }),
  );
  const large = counts
    .filter(({ series }) => series >= FEWEST)
    .sort((a, b) => b.series - a.series || (a.name < b.name ? -1 : 1));
  const others = sum(counts.filter(({ series }) => series < FEWEST));
  const page = sum(counts);
  const { connectionEvents: _, ...withoutEvents } = fullSnapshot(DEFAULT_LIMITS);
  const usual = buildFamilies({ ...withoutEvents, config: FULL_CONFIG }, LINUX_BUILD);
  const withoutEventsSeries = usual.reduce((total, { samples }) => total + samples.length, 0);
  const rows = [
    '| metric | series |',
    '|---|---|',
    ...large.map(({ name, series }) => `| \`${name}\` | ${series} |`),
    `| all others together | ${others} |`,
    `| **a page, at most** | **${format(page)}** |`,
    `| without connection events, which are off unless turned on | ${format(withoutEventsSeries)} |`,
    '',
    '| hosts | series, at most | samples per second at 15 s |',
    '|---|---|---|',
    ...HOSTS.map((hosts) => {
      const series = hosts * page;
      return `| ${format(hosts)} | ${format(series)} | ${format(series / INTERVAL_SECONDS)} |`;
    }),
  ];
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(README_FILE, README.replace(table!, `${rows.join('\n')}\n`));
  else assert.equal(table, `${rows.join('\n')}\n`);
});

test('the queries it gives name only series that exist', async () => {
  const exported = await readExportedLabels();
  const queries = [...README.matchAll(/^\| [^|`]+ \| `([^`]+)` \|$/gm)].map(([, query]) => query!);
  assert.ok(queries.length >= 5);
  for (const query of queries) {
    const { errors, selectors } = parseQuery(query);
    assert.deepEqual(errors, [], query);
    for (const { metric, matchers } of selectors) {
      assert.ok(exported.has(metric), metric);
      for (const { label } of matchers) assert.ok(TARGET_LABELS.includes(label), label);
    }
  }
  for (const [, metric] of README.matchAll(/`(tcpstate_[a-z_]+)`/g))
    assert.ok(exported.has(metric!) || exported.has(`${metric}_bucket`), metric);
});

function sum(counts: readonly { readonly series: number }[]): number {
  return counts.reduce((total, { series }) => total + series, 0);
}

function format(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}
