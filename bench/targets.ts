import type { PhaseResult } from './measure-phase.ts';
import { summarize } from './summary.ts';

/** What the exporter promises, and what was measured. */
export interface Verdict {
  readonly target: string;
  readonly most: number;
  readonly unit: string;
  readonly measured: number;
  readonly passed: boolean;
}

/** A target that cannot be judged, because what it needs was not measured, has no value. */
interface Target {
  readonly name: string;
  readonly most: number;
  readonly unit: string;
  readonly value: (results: Results) => number | undefined;
}

/** Results by the name of their population. */
type Results = ReadonlyMap<string, PhaseResult>;

const TARGETS: readonly Target[] = [
  ...['established 100k', 'established 500k', 'established 1M'].map((phase) => cpuRatio(phase, 'dump', 1.35)),
  cpuRatio('time_wait 500k', 'dump', 1.7),
  cpuRatio('established 100k', 'node_exporter', 0.6),
  cpuRatio('established 1M', 'node_exporter', 0.6),
  cpuRatio('established 100k', 'ss-p', 0.05),
  { name: 'CPU per scrape, idle host', most: 8, unit: 'ms', value: (results) => cpuOf(results, 'idle', 'exporter') },
  {
    name: 'main thread per scrape, established 100k',
    most: 2,
    unit: 'ms',
    value: (results) => rowOf(results, 'established 100k', 'exporter')?.mainThreadMs,
  },
  memoryAt('established 10k', 90),
  memoryAt('established 100k', 100),
  memoryAt('established 1M', 200),
  {
    name: 'memory a minute after 1M sockets are gone',
    most: 120,
    unit: 'MB',
    value: (results) => results.get('established 1M')?.release?.after,
  },
  {
    name: 'event loop delay p99, established 1M',
    most: 3,
    unit: 'ms',
    value: (results) => results.get('established 1M')?.responsiveness.eventLoop.p99,
  },
  {
    name: '/-/healthy p99, established 1M',
    most: 15,
    unit: 'ms',
    value: (results) => results.get('established 1M')?.responsiveness.healthy.p99,
  },
  { name: 'CPU per socket at 1M ÷ at 100k', most: 1.15, unit: '', value: growthPerSocket },
];

/** Judges the targets that can be judged by these results. */
export function judge(results: readonly PhaseResult[]): Verdict[] {
  const byName = new Map(results.map((result) => [result.phase.name, result]));
  return TARGETS.flatMap(({ name, most, unit, value }) => {
    const measured = value(byName);
    return measured === undefined ? [] : [{ target: name, most, unit, measured, passed: measured <= most }];
  });
}

function cpuRatio(phase: string, tool: string, most: number): Target {
  return {
    name: `CPU ÷ ${tool}, ${phase}`,
    most,
    unit: '',
    value: (results) => divide(cpuOf(results, phase, 'exporter'), cpuOf(results, phase, tool)),
  };
}

function memoryAt(phase: string, most: number): Target {
  return { name: `memory, ${phase}`, most, unit: 'MB', value: (results) => results.get(phase)?.residentMb };
}

function growthPerSocket(results: Results): number | undefined {
  const perSocket = (phase: string) => {
    const row = rowOf(results, phase, 'exporter');
    return divide(row?.cpuMs, row?.sockets);
  };
  return divide(perSocket('established 1M'), perSocket('established 100k'));
}

function cpuOf(results: Results, phase: string, tool: string): number | undefined {
  return rowOf(results, phase, tool)?.cpuMs;
}

function rowOf(results: Results, phase: string, tool: string) {
  const result = results.get(phase);
  return result && summarize(result).find((row) => row.tool === tool);
}

function divide(dividend: number | undefined, divisor: number | undefined): number | undefined {
  return dividend === undefined || divisor === undefined ? undefined : dividend / divisor;
}
