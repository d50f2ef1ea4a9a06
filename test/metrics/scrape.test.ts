import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFamilies } from '../../src/metrics/index.ts';
import { scrapeFamilies } from '../../src/metrics/scrape.ts';
import type { SocketCounts } from '../../src/model/socket-counts.ts';
import { breakdownsIn } from '../support/pages/breakdowns.ts';
import { LINUX_BUILD, LINUX_SNAPSHOT, WINDOWS_SNAPSHOT } from '../support/pages/snapshots.ts';

test('tells the folded cells of exactly the breakdowns that are on the page', () => {
  for (const snapshot of [LINUX_SNAPSHOT, WINDOWS_SNAPSHOT]) {
    const names = buildFamilies(snapshot, LINUX_BUILD).map(({ name }) => name);
    const told = foldedSeries(snapshot.sockets);
    assert.equal(told.length, breakdownsIn(snapshot.sockets!).length);
    for (const [metric] of told) assert.ok(names.includes(metric!), metric);
  }
  const windows = foldedSeries(WINDOWS_SNAPSHOT.sockets).map(([metric]) => metric);
  assert.ok(!windows.includes('tcpstate_listener_accept_queue_length'));
});

test('tells what was left out of a breakdown whose limit of 0 leaves it no cell', () => {
  const sockets: SocketCounts = { ...LINUX_SNAPSHOT.sockets!, listenerDrops: { cells: [], folded: 8 } };
  assert.deepEqual(foldedSeries(sockets).at(-1), ['tcpstate_listener_dropped_connections_total', 8]);
});

test('tells of each collector its duration and success, and its source where it names one', () => {
  const outcomes = [
    { collector: 'sockets', success: true, seconds: 0.5, source: 'procfs' },
    { collector: 'memory', success: false, seconds: 0.001 },
  ] as const;
  const samples = scrapeFamilies({ outcomes }).map((family) => [family.name, family.samples]);
  assert.deepEqual(samples, [
    ['tcpstate_scrape_collector_duration_seconds', [sample(['sockets'], 0.5), sample(['memory'], 0.001)]],
    ['tcpstate_scrape_collector_success', [sample(['sockets'], 1), sample(['memory'], 0)]],
    ['tcpstate_source_info', [sample(['sockets', 'procfs'], 1)]],
    ['tcpstate_source_rejections_total', []],
    ['tcpstate_series_folded', []],
  ]);
});

function foldedSeries(sockets: SocketCounts | undefined): [metric: string | undefined, folded: number][] {
  const family = scrapeFamilies({ outcomes: [], ...(sockets && { sockets }) }).find(
    ({ name }) => name === 'tcpstate_series_folded',
  );
  return family!.samples.map(({ labels, value }) => [labels[0], value]);
}

function sample(labels: readonly string[], value: number) {
  return { labels, value };
}
