import { readdirSync, readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

const RULES_FOLDER = new URL('../prometheus/rules/', import.meta.url);
export const MANIFEST = new URL('./components/monitoring/prometheus-rule.yaml', import.meta.url);

const HEAD = '# Written by `npm run deploy:kubernetes` from deploy/prometheus/rules/: change those, then run it.\n';

/** The text of the PrometheusRule that holds every group of the rule files, in the order of their names. */
export function buildPrometheusRule(): string {
  const files = readdirSync(RULES_FOLDER)
    .filter((name) => name.endsWith('.yml'))
    .sort();
  const groups = files.flatMap((file) => {
    const rules = parse(readFileSync(new URL(file, RULES_FOLDER), 'utf8')) as { readonly groups: readonly unknown[] };
    return rules.groups;
  });
  const manifest = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'tcpstate-exporter' },
    spec: { groups },
  };
  return HEAD + stringify(manifest, { lineWidth: 0 });
}
