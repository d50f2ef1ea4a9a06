import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type AlertRule, type RuleTestFile, readAlerts, readRuleTestFile, TESTS_FOLDER } from './rule-files.ts';

/** Longer than any case. */
const MANY_SCRAPES = 2_000;

/**
 * Writes a test file as promtool wants it. Ours say what a case is about; what every alert of a rule carries (its constant
 * labels and annotations, the path of its dashboard) is filled in from the rule, the job from prometheus.yml, and each host
 * that a case does not say otherwise of is scraped the whole time (`up`).
 */
export function writeExpandedTests(file: string, folder: string): string {
  const alerts = new Map(readAlerts().map((alert) => [alert.alert, alert]));
  const { tests, rule_files: rules, ...settings } = readRuleTestFile(file);
  const expanded = {
    ...settings,
    rule_files: rules.map((path) => fileURLToPath(new URL(path, TESTS_FOLDER))),
    tests: tests.map((test) => ({
      ...test,
      input_series: [...test.input_series, ...hostsScraped(test.input_series.map(({ series }) => series))],
      alert_rule_test: (test.alert_rule_test ?? []).map((check) => ({
        ...check,
        exp_alerts: check.exp_alerts.map((expected) => expandAlert(alerts.get(check.alertname)!, expected)),
      })),
    })),
  };
  const path = join(folder, file);
  writeFileSync(path, stringify(expanded, { lineWidth: 0 }));
  return path;
}

type ExpectedAlert = RuleTestFile['tests'][number]['alert_rule_test'][number]['exp_alerts'][number];

function expandAlert(rule: AlertRule, { exp_labels: own, exp_annotations: told }: ExpectedAlert): ExpectedAlert {
  const labels = { ...rule.labels, job: 'tcpstate', ...own };
  const constant = Object.entries(rule.annotations).filter(([name]) => name !== 'description');
  const annotations = constant.map(([name, text]) => [name, fillIn(text, labels)]);
  return { exp_labels: labels, exp_annotations: { ...Object.fromEntries(annotations), ...told } };
}

/** As Prometheus fills `{{ $labels.instance | urlquery }}`, the only thing that differs between alerts of a rule besides the description. */
function fillIn(text: string, labels: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{ \$labels\.(\w+) \| urlquery \}\}/g, (_, name) => encodeURIComponent(labels[name] ?? ''));
}

function hostsScraped(series: readonly string[]): { series: string; values: string }[] {
  const instances = series.map((text) => /instance="([^"]+)"/.exec(text)?.[1]);
  const told = series.filter((text) => text.startsWith('up{')).join();
  return [...new Set(instances)]
    .filter((instance) => instance !== undefined && !told.includes(`instance="${instance}"`))
    .map((instance) => ({ series: `up{job="tcpstate", instance="${instance}"}`, values: `1x${MANY_SCRAPES}` }));
}
