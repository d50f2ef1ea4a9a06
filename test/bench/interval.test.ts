import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IntervalReading, IntervalResult } from '../../bench/interval/measure.ts';
import { formatIntervals } from '../../bench/interval/report.ts';
import { judgeIntervals } from '../../bench/interval/targets.ts';
import { readOptions } from '../../bench/options.ts';
import { phaseOf } from '../../bench/phases.ts';

function reading(burstMs: number, intervalMs = burstMs, anonymousMb = 30): IntervalReading {
  return { burstMs, intervalMs, wallMs: 40, anonymousMb, fileMb: 50, proportionalMb: 70 };
}

function resultOf(sockets: number, readings: IntervalResult['readings'], pauseSeconds = 15): IntervalResult {
  return { phase: phaseOf(sockets === 0 ? undefined : 'established', sockets), pauseSeconds, readings };
}

const IDLE = resultOf(0, {
  'exporter@20.17.0': [reading(7, 9), reading(8, 14, 37), reading(90, 90)],
  'exporter@24.1.0': [reading(6.5)],
  node_exporter: [reading(2)],
  'node_exporter-3': [reading(5)],
  ss: [{ burstMs: 3, intervalMs: 3, wallMs: 40 }],
});

describe('readOptions', () => {
  it('measures intervals alone, or beside the other populations', () => {
    const chosen = readOptions(['--only=interval', '--sizes=0,2k', '--pause=2.5', '--rounds=3', '--nodes=/a,/b'])!;
    assert.deepEqual(chosen.phases, []);
    assert.deepEqual(
      chosen.intervals.map(({ name, state }) => [name, state]),
      [
        ['idle', undefined],
        ['established 2k', 'established'],
      ],
    );
    assert.deepEqual([chosen.pauseSeconds, chosen.intervalRounds, chosen.nodes], [2.5, 3, ['/a', '/b']]);
    const all = readOptions([])!;
    assert.deepEqual([all.rounds, all.intervalRounds, all.pauseSeconds, all.intervals.length], [7, 24, 15, 2]);
    assert.deepEqual(readOptions(['--only=idle'])!.intervals, []);
  });

  it('refuses a pause that a burst does not fit into', () => {
    for (const pause of ['soon', '1.9', '-15', '0'])
      assert.throws(() => readOptions([`--pause=${pause}`]), /not a pause/, pause);
  });
});

describe('judgeIntervals', () => {
  it('judges each exporter by medians, beside the node_exporter that its target names', () => {
    const busy = resultOf(10_000, {
      'exporter@24.1.0': [reading(20, 21, 46)],
      node_exporter: [reading(25)],
      'node_exporter-3': [reading(10)],
    });
    assert.deepEqual(
      judgeIntervals([IDLE, busy]).map(({ target, most, measured, passed }) => [target, most, measured, passed]),
      [
        ['burst ÷ node_exporter-3, idle, Node 20.17.0', 1.6, 1.6, true],
        ['CPU per interval, idle, Node 20.17.0', 13, 14, false],
        ['anonymous memory, idle, Node 20.17.0', 36, 30, true],
        ['burst ÷ node_exporter-3, idle, Node 24.1.0', 1.2, 1.3, false],
        ['CPU per interval, idle, Node 24.1.0', 13, 6.5, true],
        ['anonymous memory, idle, Node 24.1.0', 36, 30, true],
        ['burst ÷ node_exporter, established 10k, Node 24.1.0', 0.8, 0.8, true],
        ['anonymous memory, established 10k, Node 24.1.0', 45, 46, false],
      ],
    );
  });

  it('judges no other pause or population, and no ratio to what is not there', () => {
    const { node_exporter, ...alone } = IDLE.readings;
    assert.deepEqual(judgeIntervals([resultOf(0, IDLE.readings, 5), resultOf(2000, IDLE.readings)]), []);
    const targets = judgeIntervals([resultOf(10_000, alone)]).map(({ target }) => target);
    assert.deepEqual(targets, [
      'anonymous memory, established 10k, Node 20.17.0',
      'anonymous memory, established 10k, Node 24.1.0',
    ]);
  });
});

describe('formatIntervals', () => {
  it('shows medians of both costs, and memory of those that stay', () => {
    const [sentence, table] = formatIntervals(IDLE);
    assert.match(sentence!, /^idle, a scrape every 15 s, medians of 3;/);
    const rows = table!.split('\n').map((line) => line.replaceAll(/ +/g, ' '));
    assert.ok(
      rows.includes('| tcpstate-exporter, Node 20.17.0 | 8 ms | 4 | 14 ms | 40 ms | 30 MB | 50 MB | 70 MB |'),
      table,
    );
    assert.ok(rows.includes('| `ss -Htan` | 3 ms | 1.5 | 3 ms | 40 ms | | | |'), table);
  });
});
