import { formatTable, megabytes, milliseconds, significant } from './format.ts';
import type { IntervalResult } from './interval/measure.ts';
import { formatIntervals } from './interval/report.ts';
import type { Machine } from './machine.ts';
import type { PhaseResult } from './measure-phase.ts';
import { type SummaryRow, summarize } from './summary.ts';
import type { Verdict } from './targets.ts';
import { TOOL_TITLES } from './tools/index.ts';

/** The results as Markdown. */
export function formatReport(
  machine: Machine,
  results: readonly PhaseResult[],
  intervals: readonly IntervalResult[],
  verdicts: readonly Verdict[],
  failures: readonly string[],
): string {
  return [
    `Measured on ${machine.date} at ${machine.revision}: ${describe(machine)}.`,
    ...(results.length > 0 ? formatPhases(results) : []),
    ...intervals.flatMap(formatIntervals),
    ...results.flatMap(({ phase, release }) => (release ? [formatRelease(phase.name, release)] : [])),
    ...failures.map((failure) => `FAILED: ${failure}`),
    formatTable(['target', 'at most', 'measured', ''], verdicts.map(formatVerdict)),
    '',
  ].join('\n\n');
}

function formatPhases(results: readonly PhaseResult[]): string[] {
  return [
    'Medians per collection; memory is the most ever held, anonymous what of it is no page of a file at the end. Before each scrape of the exporter 5 % of the sockets were replaced; of `churn` 2.5 % in each second, while they are counted too.',
    formatTable(
      ['sockets', 'tool', 'CPU', 'main', 'wall', '× dump', 'memory', 'anonymous', 'page', 'sent', 'without process'],
      results.flatMap((result) => formatRows(result)),
    ),
    'While the exporter is scraped:',
    formatTable(
      ['sockets', 'event loop delay p99', 'max', '/-/healthy p99', 'max'],
      results.map(({ phase, responsiveness: { eventLoop, healthy } }) => [
        phase.name,
        ...[eventLoop.p99, eventLoop.max, healthy.p99, healthy.max].map(milliseconds),
      ]),
    ),
  ];
}

function describe({ processor, cores, memoryGb, kernel, node, tools }: Machine): string {
  const versions = Object.entries(tools).map(([name, version]) => `${name} ${version}`);
  return [`${processor}, ${cores} cores, ${memoryGb} GB`, `Linux ${kernel}`, `Node ${node}`, ...versions].join(', ');
}

function formatRows(result: PhaseResult): string[][] {
  const rows = summarize(result);
  const reference = rows.find(({ tool }) => tool === 'dump');
  return rows.map((row) => formatRow(result.phase.name, row, reference));
}

function formatRow(phase: string, row: SummaryRow, reference: SummaryRow | undefined): string[] {
  return [
    phase,
    TOOL_TITLES[row.tool] ?? row.tool,
    milliseconds(row.cpuMs),
    milliseconds(row.mainThreadMs),
    milliseconds(row.wallMs),
    reference === undefined ? '' : significant(row.cpuMs / reference.cpuMs),
    megabytes(row.peakRssMb),
    megabytes(row.anonymousMb),
    kilobytes(row.pageBytes),
    kilobytes(row.sentBytes),
    row.unattributed === undefined ? '' : `${(row.unattributed * 100).toFixed(2)} %`,
  ];
}

function formatRelease(phase: string, { before, after, seconds }: NonNullable<PhaseResult['release']>): string {
  return `${phase} gone: memory went from ${significant(before)} MB to ${significant(after)} MB within ${seconds} s.`;
}

function formatVerdict({ target, most, unit, measured, passed }: Verdict): string[] {
  return [target, `${most} ${unit}`.trim(), `${significant(measured)} ${unit}`.trim(), passed ? 'PASS' : 'MISS'];
}

function kilobytes(value: number | undefined): string {
  return value === undefined ? '' : `${significant(value / 1000)} kB`;
}
