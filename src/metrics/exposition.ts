import { type Metric, Registry, type RegistryContentType } from 'prom-client';
import type { ExpositionFormat, ExpositionPage, MetricFamily } from './family.ts';
import type { SelfFamilies } from './self.ts';

const OPENMETRICS_END = '# EOF\n';
const COUNTER_SUFFIX = '_total';
const TO_ESCAPE = /[\\\n"]/;

/**
 * Families and, if given, the exporter's own metrics → one page, in the given order. There must be a family (build info always is): a
 * page without one would end with an empty line, which OpenMetrics forbids. No value is NaN: what is unknown has no sample.
 */
export async function renderExposition(
  families: readonly MetricFamily[],
  selfFamilies: SelfFamilies | undefined,
  format: ExpositionFormat,
): Promise<ExpositionPage> {
  const { contentType, body } = await appendSelf(Buffer.from(writeFamilies(families, format)), selfFamilies, format);
  return { contentType, body: body.toString() };
}

/**
 * A page of families in Prometheus text 0.0.4 or OpenMetrics 1.0.0, the same bytes as prom-client's registry makes of them: that one
 * takes an object and several strings per sample (docs/decisions.md). Throws for two families of one name.
 */
export function writeFamilies(families: readonly MetricFamily[], format: ExpositionFormat): string {
  const isOpenMetrics = format === 'openmetrics';
  const names = new Set<string>();
  let page = '';
  for (const family of families) {
    if (names.has(family.name)) throw new Error(`two families are called ${family.name}`);
    names.add(family.name);
    if (page !== '' && !isOpenMetrics) page += '\n';
    page += isOpenMetrics && family.type === 'counter' ? writeOpenCounter(family) : writeFamily(family, family.name);
  }
  return isOpenMetrics ? page + OPENMETRICS_END : page;
}

/** OpenMetrics names the family of a counter without `_total`. */
function writeOpenCounter(family: MetricFamily): string {
  const { name } = family;
  const base = name.endsWith(COUNTER_SUFFIX) ? name.slice(0, -COUNTER_SUFFIX.length) : name;
  return writeFamily({ ...family, name: base }, base + COUNTER_SUFFIX);
}

/** `metric`: the name of its samples, but for those of a histogram. */
function writeFamily({ name, type, help, labelNames, samples }: MetricFamily, metric: string): string {
  let text = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  for (const { labels, value, suffix } of samples) {
    text += suffix === undefined ? metric : name + suffix;
    let before = '{';
    for (let index = 0; index < labels.length; index++) {
      text += `${before}${labelNames[index]!}="${escapeLabel(labels[index]!)}"`;
      before = ',';
    }
    text += labels.length === 0 ? ` ${numberText(value)}\n` : `} ${numberText(value)}\n`;
  }
  return text;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return TO_ESCAPE.test(text) ? escapeHelp(text).replaceAll('"', '\\"') : text;
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}

/** A page that was written without the exporter's own metrics → the one page of both. */
export async function appendSelf(
  page: Uint8Array,
  selfFamilies: SelfFamilies | undefined,
  format: ExpositionFormat,
): Promise<ExpositionPage<Buffer>> {
  const contentType = format === 'openmetrics' ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
  if (selfFamilies === undefined || selfFamilies.length === 0)
    return { contentType, body: Buffer.from(page.buffer, page.byteOffset, page.byteLength) };
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(contentType);
  for (const family of selfFamilies) registry.registerMetric(constantMetric(family));
  const body = await registry.metrics();
  // the first page ends with the line that ends a page of OpenMetrics; families of text have an empty line between them
  const end = format === 'openmetrics' ? page.length - OPENMETRICS_END.length : page.length;
  return {
    contentType,
    body: Buffer.concat([page.subarray(0, end), Buffer.from(format === 'text' ? `\n${body}` : body)]),
  };
}

/** A metric with fixed values. For OpenMetrics the registry renames a counter before it calls `get`, so `get` answers under the new name. */
function constantMetric(family: SelfFamilies[number]): Metric {
  const metric = { ...family, get: async () => metric };
  return metric as unknown as Metric;
}
