import { type Metric, Registry, type RegistryContentType } from 'prom-client';
import type { ExpositionFormat, ExpositionPage, MetricFamily } from './family.ts';
import { labelSetsOf } from './label-sets.ts';
import type { SelfFamilies } from './self.ts';

/**
 * Families and, if given, the exporter's own metrics → one page, in the order given. Each call has a registry of its
 * own: two at once do not mix. There must be a family (build info always is): prom-client gives an empty OpenMetrics
 * page an empty line, which the format does not allow.
 */
export async function renderExposition(
  families: readonly MetricFamily[],
  selfFamilies: SelfFamilies | undefined,
  format: ExpositionFormat,
): Promise<ExpositionPage> {
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(
    format === 'openmetrics' ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE,
  );
  for (const family of families) registry.registerMetric(constantMetric({ ...family, values: valuesOf(family) }));
  for (const family of selfFamilies ?? []) registry.registerMetric(constantMetric(family));
  const text = await registry.metrics();
  return { contentType: registry.contentType, body: spellNaN(text) };
}

interface Described {
  readonly name: string;
  readonly values: readonly object[];
}

/**
 * A metric that answers with the values it was made with. prom-client's own Gauge and Counter key a sample by its label
 * values joined as they are, so that `a="1,b:2"` may silently overwrite another sample: a process may choose such a name.
 */
function constantMetric(family: Described): Metric {
  // The registry renames a counter before it asks an OpenMetrics page's metric: `get` answers under the new name.
  const metric = { ...family, get: async () => metric };
  return metric as unknown as Metric;
}

/** As labels that several samples share: prom-client writes those after the others, of which there are none, and only once. */
function valuesOf(family: MetricFamily): object[] {
  const sets = labelSetsOf(family);
  return family.samples.map(({ value }, index) => ({ value, sharedLabels: sets[index] }));
}

/** prom-client writes `Nan`; both formats spell it `NaN`. A line of a sample ends with its value, so nothing else can match. */
function spellNaN(text: string): string {
  return text.replace(/ Nan$/gm, ' NaN');
}
