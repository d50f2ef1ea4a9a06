import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderExposition } from '../../src/metrics/exposition.ts';
import { buildFamilies } from '../../src/metrics/index.ts';
import { createSelfMetrics } from '../../src/metrics/self.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { THRESHOLD_ALERTS } from '../../src/model/threshold-alerts.ts';
import { breakdownsIn } from '../support/pages/breakdowns.ts';
import { parseExposition } from '../support/pages/exposition-parser.ts';
import { FULL_CONFIG, fullSnapshot } from '../support/pages/full-snapshot.ts';
import { fullNetns } from '../support/pages/netns-counts.ts';
import { LINUX_BUILD, LINUX_SNAPSHOT } from '../support/pages/snapshots.ts';

/** Each of four kinds of garbage collection has a histogram of six buckets once it has happened: in a test, or later. */
const GC_SERIES = 4 * (6 + 3);

test('with every breakdown full at the default limits a page stays below 3,000 series and 500 KB', async () => {
  const { netns: _, connectionEvents: __, ...hostOnly } = fullSnapshot(DEFAULT_LIMITS);
  const { series, bytes } = await sizeOf(hostOnly);
  assert.ok(series > 1500 && series < 3000, `${series} series`);
  assert.ok(bytes < 500_000, `${bytes} bytes`);
});

test('with 110 pods on the host, whatever they do, it stays below 5,250 series', async () => {
  const { series } = await sizeOf({ ...withoutEvents(), netns: fullNetns(DEFAULT_LIMITS, 110) });
  assert.ok(series > 4000 && series < 5250, `${series} series`);
});

test('with 128 pods and more it stays below 5,750 series and 1.15 MB', async () => {
  const { series, bytes } = await sizeOf(withoutEvents());
  assert.ok(series > 4500 && series < 5750, `${series} series`);
  assert.ok(bytes < 1_150_000, `${bytes} bytes`);
});

test('connection events, where they are turned on, are at most 1,350 series', async () => {
  const { connectionEvents, ...others } = fullSnapshot(DEFAULT_LIMITS);
  const [all, without] = await Promise.all([
    sizeOf({ ...others, connectionEvents: connectionEvents! }),
    sizeOf(others),
  ]);
  assert.ok(all.series - without.series < 1350, `${all.series - without.series} series`);
});

test('a configuration file adds one series, and one per threshold', () => {
  const full = fullSnapshot(DEFAULT_LIMITS);
  const seriesOf = (snapshot: Snapshot) =>
    buildFamilies(snapshot, LINUX_BUILD).reduce((sum, { samples }) => sum + samples.length, 0);
  assert.equal(seriesOf({ ...full, config: FULL_CONFIG }) - seriesOf(full), 1 + THRESHOLD_ALERTS.length);
});

function withoutEvents(): Snapshot {
  const { connectionEvents: _, ...others } = fullSnapshot(DEFAULT_LIMITS);
  return others;
}

async function sizeOf(snapshot: Snapshot): Promise<{ series: number; bytes: number }> {
  const self = createSelfMetrics();
  const families = buildFamilies(snapshot, LINUX_BUILD);
  const { body } = await renderExposition(families, await self.collect(), 'text');
  self.close();
  const page = parseExposition(body);
  const samples = [...page.values()].flatMap((family) => family.samples);
  const collections = page.get('nodejs_gc_duration_seconds')?.samples.length ?? 0;
  return { series: samples.length - collections + GC_SERIES, bytes: Buffer.byteLength(body) };
}

test('the worst case fills every breakdown that Linux has', () => {
  const usual = new Set(breakdownsIn(LINUX_SNAPSHOT.sockets!));
  const full = breakdownsIn(fullSnapshot(DEFAULT_LIMITS).sockets!);
  assert.equal(full.length, usual.size);
  assert.deepEqual(
    full.filter((breakdown) => usual.has(breakdown)),
    [],
  );
});
