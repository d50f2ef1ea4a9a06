import type { Verdict } from '../targets.ts';
import type { IntervalResult } from './measure.ts';
import { type IntervalRow, summarizeInterval } from './summary.ts';
import { nodeOf, THREE_COLLECTORS } from './tools.ts';

/** The usual scrape interval of Prometheus: the targets are for it alone. */
const TARGET_PAUSE_SECONDS = 15;
/** Of an idle host: on the oldest Node.js that is promised, and on those that packages may bring. */
const MOST_ON_NODE_20 = 1.6;
const MOST_ON_NEWER = 1.2;

/** Judges each exporter, whichever Node.js it runs on, by what was measured beside it. */
export function judgeIntervals(results: readonly IntervalResult[]): Verdict[] {
  return results
    .filter(({ pauseSeconds }) => pauseSeconds === TARGET_PAUSE_SECONDS)
    .flatMap((result) => {
      const rows = summarizeInterval(result);
      const judged = JUDGES[result.phase.name];
      return rows.flatMap((row) => {
        const node = nodeOf(row.tool);
        if (judged === undefined || node === undefined) return [];
        return judged(row, rows, node).flatMap((verdict) => finish(verdict, `${result.phase.name}, Node ${node}`));
      });
    });
}

/** A verdict without its conclusion; not measured = cannot be judged. */
type Judged = Omit<Verdict, 'measured' | 'passed'> & { readonly measured: number | undefined };

const JUDGES: Readonly<Record<string, (row: IntervalRow, rows: readonly IntervalRow[], node: string) => Judged[]>> = {
  idle: (row, rows, node) => [
    burstRatio(row, rows, THREE_COLLECTORS, node.startsWith('20.') ? MOST_ON_NODE_20 : MOST_ON_NEWER),
    { target: 'CPU per interval', most: 13, unit: 'ms', measured: row.intervalMs },
    { target: 'anonymous memory', most: 36, unit: 'MB', measured: row.anonymousMb },
  ],
  'established 10k': (row, rows) => [
    burstRatio(row, rows, 'node_exporter', 0.8),
    { target: 'anonymous memory', most: 45, unit: 'MB', measured: row.anonymousMb },
  ],
};

function burstRatio(row: IntervalRow, rows: readonly IntervalRow[], tool: string, most: number): Judged {
  const other = rows.find((each) => each.tool === tool);
  return { target: `burst ÷ ${tool}`, most, unit: '', measured: other && row.burstMs / other.burstMs };
}

function finish({ target, most, unit, measured }: Judged, where: string): Verdict[] {
  return measured === undefined
    ? []
    : [{ target: `${target}, ${where}`, most, unit, measured, passed: measured <= most }];
}
