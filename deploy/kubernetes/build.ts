// Writes the PrometheusRule of deploy/kubernetes/ from the rule files. The result is committed; a test proves that both agree.
import { writeFileSync } from 'node:fs';
import { buildPrometheusRule, MANIFEST } from './prometheus-rule.ts';

writeFileSync(MANIFEST, buildPrometheusRule());
