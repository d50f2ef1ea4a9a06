import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Metric, Registry, type RegistryContentType } from 'prom-client';
import { appendSelf, renderExposition, writeFamilies } from '../../src/metrics/exposition.ts';
import type { ExpositionFormat, MetricFamily } from '../../src/metrics/family.ts';
import { buildFamilies } from '../../src/metrics/index.ts';
import { createSelfMetrics } from '../../src/metrics/self.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { parseExposition } from '../support/pages/exposition-parser.ts';
import { fullSnapshot } from '../support/pages/full-snapshot.ts';
import { LINUX_BUILD, LINUX_SNAPSHOT } from '../support/pages/snapshots.ts';

const GAUGE: MetricFamily = {
  name: 'tcpstate_test',
  type: 'gauge',
  help: 'A test.',
  labelNames: ['a', 'b'],
  samples: [
    { labels: ['x', '2'], value: 1 },
    { labels: ['x', '1'], value: 2.5 },
  ],
};
const COUNTER: MetricFamily = {
  name: 'tcpstate_opens_total',
  type: 'counter',
  help: 'Opens.',
  labelNames: [],
  samples: [{ labels: [], value: 7 }],
};

test('writes text 0.0.4 in the order given, samples too', async () => {
  assert.deepEqual(await renderExposition([COUNTER, GAUGE], undefined, 'text'), {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    body: [
      '# HELP tcpstate_opens_total Opens.',
      '# TYPE tcpstate_opens_total counter',
      'tcpstate_opens_total 7',
      '',
      '# HELP tcpstate_test A test.',
      '# TYPE tcpstate_test gauge',
      'tcpstate_test{a="x",b="2"} 1',
      'tcpstate_test{a="x",b="1"} 2.5',
      '',
    ].join('\n'),
  });
});

test('writes OpenMetrics 1.0.0: counters without _total in their metadata, one # EOF at the end', async () => {
  assert.deepEqual(await renderExposition([COUNTER, GAUGE], undefined, 'openmetrics'), {
    contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    body: [
      '# HELP tcpstate_opens Opens.',
      '# TYPE tcpstate_opens counter',
      'tcpstate_opens_total 7',
      '# HELP tcpstate_test A test.',
      '# TYPE tcpstate_test gauge',
      'tcpstate_test{a="x",b="2"} 1',
      'tcpstate_test{a="x",b="1"} 2.5',
      '# EOF',
      '',
    ].join('\n'),
  });
});

test('both formats of a full page say the same, one after the other and at once', async () => {
  const families = buildFamilies(LINUX_SNAPSHOT, LINUX_BUILD);
  const self = createSelfMetrics();
  const selfFamilies = await self.collect();
  self.close();
  const formats: ExpositionFormat[] = ['openmetrics', 'text', 'openmetrics', 'text'];
  const pages = await Promise.all(formats.map((format) => renderExposition(families, selfFamilies, format)));
  const read = pages.map(({ body }, index) => parseExposition(body, formats[index]));
  const samples = read.map((page) => [...page.values()].flatMap((family) => family.samples));
  assert.ok(samples[0]!.length > 300);
  for (const others of samples.slice(1)) assert.deepEqual(others, samples[0]);
  assert.deepEqual(
    [...read[1]!.keys()].slice(0, families.length),
    families.map(({ name }) => name),
  );
  assert.equal(pages[1]?.body, pages[3]?.body);
});

/** What prom-client makes of families: the reference for the page. */
async function writeByLibrary(families: readonly MetricFamily[], format: ExpositionFormat): Promise<string> {
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(format === 'text' ? Registry.PROMETHEUS_CONTENT_TYPE : Registry.OPENMETRICS_CONTENT_TYPE);
  for (const family of families) {
    const values = family.samples.map(({ labels, value, suffix }) => ({
      value,
      labels: Object.fromEntries(labels.map((label, index) => [family.labelNames[index], label])),
      ...(suffix && { metricName: family.name + suffix }),
    }));
    const metric = { ...family, values, get: async () => metric };
    registry.registerMetric(metric as unknown as Metric);
  }
  return registry.metrics();
}

const ODD_LABELS = ['quote "', 'back\\slash', '\\n', 'line\nfeed', 'größe 進程 \u{1f980}', '{a="b",} # EOF', ''];
const ODD_VALUES = [0, -0, 0.1 + 0.2, 1e21, 5e-324, 2 ** 53, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

for (const format of ['text', 'openmetrics'] as const) {
  test(`writes in ${format} byte for byte what prom-client writes`, async () => {
    const samples = ODD_LABELS.flatMap((a) => ODD_VALUES.map((value, b) => ({ labels: [a, String(b)], value })));
    const odd: MetricFamily[] = [
      { ...GAUGE, samples },
      { ...COUNTER, help: 'A \\ and a\nline. "Quoted".' },
      { ...GAUGE, name: 'tcpstate_empty', samples: [] },
    ];
    const pages = [
      odd,
      ...[LINUX_SNAPSHOT, fullSnapshot(DEFAULT_LIMITS)].map((each) => buildFamilies(each, LINUX_BUILD)),
    ];
    assert.ok(pages[2]!.some(({ type }) => type === 'histogram'));
    for (const families of pages) assert.equal(writeFamilies(families, format), await writeByLibrary(families, format));
  });

  test(`label values come back as they were from ${format}`, async () => {
    const values = [
      'quote "',
      'back\\slash',
      '\\n',
      'line\nfeed',
      'größe 進程 \u{1f980}',
      '{a="b",} # EOF',
      'x Nan',
      '',
    ];
    const samples = values.map((value, index) => ({ labels: [value, String(index)], value: index }));
    const { body } = await renderExposition([{ ...GAUGE, samples }], undefined, format);
    const read = parseExposition(body, format).get('tcpstate_test')?.samples;
    assert.deepEqual(
      read?.map(({ labels }) => labels.a),
      values,
    );
  });

  test(`values that are no finite numbers are spelled as ${format} spells them`, async () => {
    const numbers = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 63, 1e-9, 0.1 + 0.2];
    const samples = numbers.map((value, index) => ({ labels: ['Inf', String(index)], value }));
    const { body } = await renderExposition([{ ...GAUGE, samples }], undefined, format);
    assert.match(body, /b="0"} \+Inf\n.*b="1"} -Inf\n/);
    const read = parseExposition(body, format).get('tcpstate_test')?.samples;
    assert.deepEqual(
      read?.map(({ value }) => value),
      numbers,
    );
  });
}

test('keeps apart two series whose label values look alike when joined', async () => {
  const samples = [
    { labels: ['1,b:2', '3'], value: 1 },
    { labels: ['1', '2,b:3'], value: 2 },
  ];
  const { body } = await renderExposition([{ ...GAUGE, samples }], undefined, 'text');
  assert.deepEqual(parseExposition(body).get('tcpstate_test')?.samples, [
    { name: 'tcpstate_test', labels: { a: '1,b:2', b: '3' }, value: 1 },
    { name: 'tcpstate_test', labels: { a: '1', b: '2,b:3' }, value: 2 },
  ]);
});

test('refuses a page with two families of one name', async () => {
  await assert.rejects(renderExposition([GAUGE, GAUGE], undefined, 'text'), /two families are called tcpstate_test/);
});

test('appends the exporter’s own metrics as if it had written both together', async () => {
  const families = buildFamilies(LINUX_SNAPSHOT, LINUX_BUILD);
  const self = createSelfMetrics();
  const selfFamilies = await self.collect();
  self.close();
  for (const format of ['text', 'openmetrics'] as const) {
    for (const own of [selfFamilies, [], undefined]) {
      const page = Buffer.from((await renderExposition(families, undefined, format)).body);
      const { contentType, body } = await appendSelf(page, own, format);
      assert.deepEqual({ contentType, body: String(body) }, await renderExposition(families, own, format));
    }
  }
});
