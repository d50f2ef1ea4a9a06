import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFamilies } from '../../src/metrics/index.ts';
import { scrapeFamilies } from '../../src/metrics/scrape.ts';
import type { SocketCounts } from '../../src/model/socket-counts.ts';
import { LINUX_BUILD, LINUX_SNAPSHOT, WINDOWS_SNAPSHOT } from '../support/pages/snapshots.ts';

test('tells the folded cells of exactly the breakdowns that are on the page', () => {
  for (const snapshot of [LINUX_SNAPSHOT, WINDOWS_SNAPSHOT]) {
    const names = buildFamilies(snapshot, LINUX_BUILD).map(({ name }) => name);
    const told = foldedCells(snapshot.sockets);
    assert.ok(told.length >= 8);
    for (const [metric] of told) assert.ok(names.includes(metric!), metric);
  }
  const windows = foldedCells(WINDOWS_SNAPSHOT.sockets).map(([metric]) => metric);
  assert.ok(!windows.includes('tcpstate_listener_accept_queue_length'));
});

test('tells what was left out of a breakdown whose limit of 0 leaves it no cell', () => {
  const sockets: SocketCounts = { ...LINUX_SNAPSHOT.sockets!, listeners: { cells: [], folded: 8 } };
  assert.deepEqual(foldedCells(sockets).at(-1), ['tcpstate_listener_accept_queue_length', 8]);
});

test('tells of each collector its duration and success, and its source where it names one', () => {
  const outcomes = [
    { collector: 'sockets', success: true, seconds: 0.5, source: 'procfs' },
    { collector: 'memory', success: false, seconds: 0.001 },
  ] as const;
  const samples = scrapeFamilies(outcomes, undefined).map((family) => [family.name, family.samples]);
  assert.deepEqual(samples, [
    ['tcpstate_scrape_collector_duration_seconds', [sample(['sockets'], 0.5), sample(['memory'], 0.001)]],
    ['tcpstate_scrape_collector_success', [sample(['sockets'], 1), sample(['memory'], 0)]],
    ['tcpstate_source_info', [sample(['sockets', 'procfs'], 1)]],
    ['tcpstate_folded_cells', []],
  ]);
});

function foldedCells(sockets: SocketCounts | undefined): [metric: string | undefined, folded: number][] {
  const family = scrapeFamilies([], sockets).find(({ name }) => name === 'tcpstate_folded_cells');
  return family!.samples.map(({ labels, value }) => [labels[0], value]);
}

function sample(labels: readonly string[], value: number) {
  return { labels, value };
}
