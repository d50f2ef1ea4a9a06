import { renderExposition } from '../../src/metrics/exposition.ts';
import { createSelfMetrics } from '../../src/metrics/self.ts';
import { parseExposition } from '../support/pages/exposition-parser.ts';
import { readGoldenPage } from '../support/pages/golden-pages.ts';
import { parseQuery } from './promql.ts';
import { type RecordingRule, readRecordings } from './rule-files.ts';

/** Labels that Prometheus adds to every target. */
export const TARGET_LABELS = ['job', 'instance'];
/** Series Prometheus itself makes, which are nobody's metrics. */
const FROM_PROMETHEUS = {
  up: [],
  scrape_samples_scraped: [],
  ALERTS: ['alertname', 'alertstate', 'severity', 'process'],
  ALERTS_FOR_STATE: ['alertname', 'severity', 'process'],
};

const GOLDEN_PAGES = ['linux.txt', 'windows.txt', 'names.txt', 'dropped.txt'] as const;
/** What the rules compare with where users record it. */
const FROM_USERS = { tcpstate_alert_threshold: ['alertname'] };
/** Of kube-state-metrics (docs/metrics/workload/pod-metrics.md there), which the dashboard of pods joins with. */
const FROM_KUBERNETES = {
  kube_pod_info: ['namespace', 'pod', 'uid', 'node', 'created_by_kind', 'created_by_name', 'cluster'],
};

/** Metric → the labels it really has: from the golden pages of both platforms, from the exporter's own process metrics, and from the recording rules. */
export async function readExportedLabels(): Promise<Map<string, Set<string>>> {
  const labels = new Map<string, Set<string>>(
    Object.entries({ ...FROM_PROMETHEUS, ...FROM_USERS, ...FROM_KUBERNETES }).map(([name, own]) => [
      name,
      new Set(own),
    ]),
  );
  for (const page of [...GOLDEN_PAGES.map(readGoldenPage), await renderSelfMetrics()]) {
    for (const family of parseExposition(page).values()) {
      for (const sample of family.samples) {
        const known = labels.get(sample.name) ?? new Set();
        for (const label of Object.keys(sample.labels)) known.add(label);
        labels.set(sample.name, known);
      }
    }
  }
  for (const rule of readRecordings()) labels.set(rule.record, recordedLabels(rule, labels));
  return labels;
}

async function renderSelfMetrics(): Promise<string> {
  const self = createSelfMetrics();
  const families = await self.collect();
  self.close();
  return (await renderExposition([], families, 'text')).body;
}

/** Recording rules drop labels by `without` only, so what remains is what no list names. */
function recordedLabels(rule: RecordingRule, known: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const { selectors } = parseQuery(rule.expr);
  const dropped = [...rule.expr.matchAll(/without \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/,\s*/));
  const kept = selectors.flatMap(({ metric }) => [...(known.get(metric) ?? [])]);
  return new Set(kept.filter((label) => !dropped.includes(label) && !['collector', 'source'].includes(label)));
}
