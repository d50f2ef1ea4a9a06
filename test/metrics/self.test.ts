import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Registry, register } from 'prom-client';
import { registerAnonymousMemory } from '../../src/metrics/anonymous-memory.ts';
import { renderExposition } from '../../src/metrics/exposition.ts';
import { createRequestCounts } from '../../src/metrics/request-counts.ts';
import { createSelfMetrics, type SelfMetrics } from '../../src/metrics/self.ts';
import { type ParsedFamily, parseExposition } from '../support/pages/exposition-parser.ts';

test('tells what the process uses, and what runs it', async () => {
  const self = createSelfMetrics();
  const page = await readPage(self);
  self.close();
  const valueNamed = (name: string) => page.get(name)?.samples[0]?.value ?? Number.NaN;
  assert.ok(valueNamed('process_resident_memory_bytes') > 10e6);
  assert.ok(valueNamed('process_cpu_seconds_total') > 0);
  assert.ok(Math.abs(Date.now() / 1000 - process.uptime() - valueNamed('process_start_time_seconds')) < 2);
  assert.ok(valueNamed('nodejs_heap_size_used_bytes') > 1e6);
  assert.ok(valueNamed('nodejs_eventloop_lag_seconds') >= 0);
  assert.equal(page.get('nodejs_version_info')?.samples[0]?.labels.version, process.version);
  if (process.platform !== 'linux') return;
  assert.ok(valueNamed('process_open_fds') > 2);
  const anonymous = valueNamed('process_anonymous_memory_bytes');
  assert.ok(anonymous > 5e6 && anonymous < valueNamed('process_resident_memory_bytes'), String(anonymous));
});

test('leaves anonymous memory out where it is not told', async () => {
  const registry = new Registry();
  registerAnonymousMemory(registry, '/nowhere/status');
  assert.deepEqual(await registry.getMetricsAsJSON(), []);
});

test('tells of requests: every status from the start, and those under way', async () => {
  const requests = createRequestCounts();
  const self = createSelfMetrics(requests);
  const read = async () => {
    const page = await readPage(self);
    const { samples } = page.get('promhttp_metric_handler_requests_total')!;
    const inFlight = page.get('promhttp_metric_handler_requests_in_flight')!.samples[0]!.value;
    return { inFlight, ...Object.fromEntries(samples.map(({ labels, value }) => [labels.code, value])) };
  };
  const none = { 200: 0, 400: 0, 401: 0, 408: 0, 429: 0, 431: 0, 500: 0, 503: 0 };
  assert.deepEqual(await read(), { ...none, inFlight: 0 });
  const [first, second, third] = [requests.began(), requests.began(), requests.began()];
  first(200);
  second(undefined);
  requests.refused(431);
  requests.refused(418);
  assert.deepEqual(await read(), { ...none, 200: 1, 431: 1, inFlight: 1 });
  third(200);
  assert.deepEqual(await read(), { ...none, 200: 2, 431: 1, inFlight: 0 });
  self.close();
});

test('stays small, and leaves out gauges named like counters', async () => {
  const self = createSelfMetrics();
  const page = await readPage(self);
  self.close();
  const samples = [...page.values()].flatMap((family) => family.samples);
  assert.ok(samples.length < 100, String(samples.length));
  for (const { name, type } of page.values()) assert.equal(name.endsWith('_total'), type === 'counter', name);
});

test('an OpenMetrics page does not change the names of the text page after it', async () => {
  const self = createSelfMetrics();
  const openMetrics = await renderExposition([], await self.collect(), 'openmetrics');
  const page = await readPage(self);
  self.close();
  assert.ok(parseExposition(openMetrics.body, 'openmetrics').has('process_cpu_seconds'));
  assert.ok(page.has('process_cpu_seconds_total'));
});

test('counts garbage collections until it is closed', async () => {
  const self = createSelfMetrics();
  const before = await countCollections(self);
  await collectGarbage();
  const seen = await countCollections(self);
  assert.ok(seen > before, `${seen} > ${before}`);
  self.close();
  await collectGarbage();
  assert.equal(await countCollections(self), seen);
});

test('has a registry of its own: nothing lands in the one all users of prom-client share', async () => {
  createSelfMetrics().close();
  assert.deepEqual(register.getMetricsAsArray(), []);
});

async function readPage(self: SelfMetrics): Promise<Map<string, ParsedFamily>> {
  return parseExposition((await renderExposition([], await self.collect(), 'text')).body);
}

async function countCollections(self: SelfMetrics): Promise<number> {
  const samples = (await readPage(self)).get('nodejs_gc_duration_seconds')?.samples ?? [];
  return samples.filter(({ name }) => name.endsWith('_count')).reduce((sum, { value }) => sum + value, 0);
}

/** A major collection, and time for its observer to be told. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  await sleep(20);
}
