import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from '../alerts/promql.ts';
import {
  type Dashboard,
  type Panel,
  panelsOf,
  panelsWithQueries,
  queriesOf,
  readDashboards,
} from './dashboard-files.ts';

const DASHBOARDS = readDashboards();
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts the variable in
const DATA_SOURCE = '${datasource}';

test('dashboards have different uids and titles', () => {
  assert.equal(DASHBOARDS.size, 5);
  for (const field of ['uid', 'title'] as const) {
    assert.equal(new Set([...DASHBOARDS.values()].map((dashboard) => dashboard[field])).size, 5);
  }
});

for (const [file, dashboard] of DASHBOARDS) {
  test(`${file} asks for data source, cluster, job and host and is read-only`, () => {
    assert.equal(dashboard.editable, false);
    assert.equal('__inputs' in dashboard, false);
    const [source, ...variables] = dashboard.templating.list;
    assert.deepEqual([source?.name, source?.type, source?.query], ['datasource', 'datasource', 'prometheus']);
    assert.deepEqual(
      variables.map(({ name }) => name),
      ['cluster', 'job', 'instance', ...filtersOf(file)],
    );
    for (const { name, type, multi, allValue, refresh } of variables) {
      const all = ['job', 'instance'].includes(name) ? '.+' : '.*';
      assert.deepEqual([type, multi, allValue, refresh], ['query', true, all, 2], name);
    }
  });

  test(`${file} leads to the other dashboards and to the runbook, and marks alerts, restarts and settings`, () => {
    assert.deepEqual(
      dashboard.links.map(({ type }) => type),
      ['dashboards', 'link'],
    );
    assert.match(dashboard.links[1]!.url!, /\/runbook\.md$/);
    assert.deepEqual(
      dashboard.annotations.list.map(({ name }) => name),
      ['Firing alerts', 'Exporter restarts', 'Changed settings'],
    );
    assert.doesNotMatch(JSON.stringify(dashboard), /inControlsMenu/);
  });

  test(`every panel of ${file} has title, description, unit, data source and queries with letters`, () => {
    for (const panel of panelsOf(dashboard).filter(({ type }) => type !== 'row')) {
      assert.match(panel.title, /^\S.+\S$/);
      assert.match(panel.description ?? '', /\w.+[.:]/s, panel.title);
    }
    for (const panel of panelsWithQueries(dashboard)) assertComplete(panel);
    const titles = panelsOf(dashboard).map(({ title }) => title);
    assert.equal(new Set(titles).size, titles.length, 'panels with the same title');
    assert.deepEqual(
      panelsOf(dashboard).map(({ id }) => id),
      panelsOf(dashboard).map((_, index) => index + 1),
    );
  });

  test(`every query of ${file} is about the chosen hosts`, () => {
    for (const { where, query } of queriesOf(dashboard)) {
      for (const { metric, matchers } of parseQuery(query).selectors) {
        if (metric.startsWith('kube_')) continue; // of the cluster, not of a host; joined with series that are
        const own = matchers.map(({ label, operator, value }) => `${label}${operator}${value}`);
        assert.ok(
          own.includes('cluster=~$cluster') && own.includes('job=~$job') && own.includes('instance=~$instance'),
          `${where}: ${metric}`,
        );
      }
    }
  });

  test(`counters of ${file} are rates over $__rate_interval before anything else`, () => {
    for (const { targets = [], title } of panelsWithQueries(dashboard)) {
      for (const { expr } of targets) {
        for (const [counter] of expr.matchAll(/\b\w+_total\b/g)) {
          assert.match(expr, new RegExp(`rate\\(${counter}\\{[^}]*\\}\\[\\$__rate_interval\\]\\)`), title);
        }
        for (const [, range] of expr.matchAll(/\brate\([^[]*\[([^\]]+)\]/g)) assert.equal(range, '$__rate_interval');
      }
    }
  });

  test(`panels of ${file} lie side by side without gaps or overlaps`, () => {
    assertLayout(dashboard);
  });
}

/** What the panels of a dashboard can be reduced to. */
function filtersOf(file: string): string[] {
  if (file === 'pods.json') return ['namespace', 'netns'];
  return ['triage.json', 'host.json'].includes(file) ? ['process', 'remote_ip'] : [];
}

function assertComplete({ title, fieldConfig, datasource, targets = [] }: Panel): void {
  assert.match(fieldConfig?.defaults.unit ?? '', /^(\w+|suffix:conn\/s)$/, title);
  assert.equal(datasource?.uid, DATA_SOURCE, title);
  assert.ok(targets.length > 0, title);
  assert.deepEqual(
    targets.map(({ refId }) => refId),
    targets.map((_, index) => String.fromCharCode(65 + index)),
  );
  for (const target of targets) {
    assert.notEqual(target.expr.trim(), '', title);
    assert.equal(target.datasource?.uid, DATA_SOURCE, title);
  }
}

/** Every cell of the grid down to the last panel is covered exactly once. */
function assertLayout(dashboard: Dashboard): void {
  const panels = panelsOf(dashboard);
  const covered = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.equal(covered.get(`${x} ${y}`), undefined, `${title} lies over another panel`);
        covered.set(`${x} ${y}`, title);
      }
    }
  }
  const height = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  assert.equal(covered.size, height * 24, 'a gap between panels');
}
