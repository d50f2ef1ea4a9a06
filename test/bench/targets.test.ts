import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PhaseResult } from '../../bench/measure-phase.ts';
import { type MeasuredState, phaseOf } from '../../bench/phases.ts';
import { formatReport } from '../../bench/report.ts';
import { judge } from '../../bench/targets.ts';

const MACHINE = {
  date: '2026-01-02',
  revision: 'abc1234',
  processor: 'a processor',
  cores: 2,
  memoryGb: 24,
  kernel: '6.18 x64',
  node: '20.20.2',
  tools: { iproute2: '6.1.0' },
};

/** A population on which each tool was measured once, with this much CPU time. */
function resultOf(state: MeasuredState | undefined, sockets: number, cpu: Record<string, number>): PhaseResult {
  const tail = { count: 100, p99: 3, max: 9 };
  return {
    phase: phaseOf(state, sockets),
    processes: 50,
    readings: Object.fromEntries(
      Object.entries(cpu).map(([tool, cpuMs]) => [
        tool,
        [{ cpuMs, mainThreadMs: cpuMs / 50, wallMs: cpuMs, peakRssMb: 95, sockets }],
      ]),
    ),
    residentMb: 95,
    responsiveness: { scrapes: 3, eventLoop: tail, healthy: { ...tail, p99: 30 } },
    release: sockets === 1_000_000 ? { before: 190, after: 110, seconds: 60 } : undefined,
  };
}

describe('judge', () => {
  it('judges what was measured, and nothing else', () => {
    const verdicts = judge([
      resultOf(undefined, 0, { exporter: 9, dump: 0.4 }),
      resultOf('established', 100_000, { exporter: 120, dump: 100, 'ss-p': 3000 }),
      resultOf('established', 1_000_000, { exporter: 1400, dump: 1000, node_exporter: 2000 }),
    ]);
    assert.deepEqual(
      verdicts.map(({ target, measured, passed }) => [target, Number(measured.toFixed(3)), passed]),
      [
        ['CPU ÷ dump, established 100k', 1.2, true],
        ['CPU ÷ dump, established 1M', 1.4, false],
        ['CPU ÷ node_exporter, established 1M', 0.7, false],
        ['CPU ÷ ss-p, established 100k', 0.04, true],
        ['CPU per scrape, idle host', 9, false],
        ['main thread per scrape, established 100k', 2.4, false],
        ['memory, established 100k', 95, true],
        ['memory, established 1M', 95, true],
        ['memory a minute after 1M sockets are gone', 110, true],
        ['event loop delay p99, established 1M', 3, true],
        ['/-/healthy p99, established 1M', 30, false],
        ['CPU per socket at 1M ÷ at 100k', 1.167, false],
      ],
    );
  });
});

describe('formatReport', () => {
  it('shows medians, memory at its most, and the verdicts', () => {
    const once = resultOf('time_wait', 500_000, { exporter: 300, dump: 100 });
    const [first] = once.readings.exporter!;
    const exporter = [
      { ...first!, anonymousMb: 40 },
      { ...first!, cpuMs: 500, peakRssMb: 120, anonymousMb: 42 },
      { ...first!, cpuMs: 310, anonymousMb: 39 },
    ];
    const results = [{ ...once, readings: { ...once.readings, exporter } }];
    const report = formatReport(MACHINE, results, [], judge(results), ['established 1M: there was no memory']);
    const cells = report.split('\n').map((line) => line.replaceAll(/ +/g, ' '));
    assert.ok(
      cells.includes(
        '| time_wait 500k | tcpstate-exporter, everything on | 310 ms | 6 ms | 300 ms | 3.1 | 120 MB | 40 MB | | | |',
      ),
    );
    assert.ok(cells.includes('| CPU ÷ dump, time_wait 500k | 1.7 | 3.1 | MISS |'));
    assert.ok(cells.includes('FAILED: established 1M: there was no memory'));
  });
});
