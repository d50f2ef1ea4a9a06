import { type Metric, Registry, type RegistryContentType } from 'prom-client';
import type { ExpositionFormat, ExpositionPage, MetricFamily } from './family.ts';
import { labelSetsOf } from './label-sets.ts';
import type { SelfFamilies } from './self.ts';

const OPENMETRICS_END = '# EOF\n';

/**
 * Families and, if given, the exporter's own metrics → one page, in the given order. Each call uses its own registry,
 * so that two at once do not mix. There must be a family (build info always is): prom-client ends an empty OpenMetrics
 * page with an empty line, which the format forbids. No value is NaN: what is unknown has no sample.
 */
export async function renderExposition(
  families: readonly MetricFamily[],
  selfFamilies: SelfFamilies | undefined,
  format: ExpositionFormat,
): Promise<ExpositionPage> {
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(contentTypeOf(format));
  for (const family of families) registry.registerMetric(constantMetric({ ...family, values: valuesOf(family) }));
  for (const family of selfFamilies ?? []) registry.registerMetric(constantMetric(family));
  return { contentType: registry.contentType, body: await registry.metrics() };
}

function contentTypeOf(format: ExpositionFormat): RegistryContentType {
  return format === 'openmetrics' ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
}

/** A page that was rendered without the exporter's own metrics → the one page of both. */
export async function appendSelf(
  page: Uint8Array,
  selfFamilies: SelfFamilies | undefined,
  format: ExpositionFormat,
): Promise<ExpositionPage<Buffer>> {
  if (selfFamilies === undefined || selfFamilies.length === 0)
    return { contentType: contentTypeOf(format), body: Buffer.from(page.buffer, page.byteOffset, page.byteLength) };
  const { contentType, body } = await renderExposition([], selfFamilies, format);
  // the first page ends with the line that ends a page of OpenMetrics; families of text have an empty line between them
  const end = format === 'openmetrics' ? page.length - OPENMETRICS_END.length : page.length;
  return {
    contentType,
    body: Buffer.concat([page.subarray(0, end), Buffer.from(format === 'text' ? `\n${body}` : body)]),
  };
}

interface Described {
  readonly name: string;
  readonly values: readonly object[];
}

/**
 * A metric with fixed values. prom-client's own Gauge and Counter key a sample by its unescaped label values, so
 * `a="1,b:2"` could silently overwrite another sample; and a process may choose such a name.
 */
function constantMetric(family: Described): Metric {
  // For OpenMetrics the registry renames a counter before it calls `get`, so `get` answers under the new name.
  const metric = { ...family, get: async () => metric };
  return metric as unknown as Metric;
}

/**
 * As labels that several samples share: prom-client writes those after the sample's own, of which there are none, and
 * formats them only once.
 */
function valuesOf(family: MetricFamily): object[] {
  const sets = labelSetsOf(family);
  return family.samples.map(({ value, suffix }, index) => ({
    value,
    sharedLabels: sets[index],
    ...(suffix !== undefined && { metricName: family.name + suffix }),
  }));
}
