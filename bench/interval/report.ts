import { formatTable, megabytes, milliseconds, significant } from '../format.ts';
import { TOOL_TITLES } from '../tools/index.ts';
import type { IntervalResult } from './measure.ts';
import { summarizeInterval } from './summary.ts';
import { nodeOf } from './tools.ts';

/** What the tools cost in one pause, as Markdown. */
export function formatIntervals(result: IntervalResult): string[] {
  const { phase, pauseSeconds } = result;
  const rows = summarizeInterval(result);
  const reference = rows.find(({ tool }) => tool === 'node_exporter');
  return [
    `${phase.name}, a scrape every ${significant(pauseSeconds)} s, medians of ${rows[0]!.rounds}; burst: until a second after the answer, interval: all threads until the next scrape; memory before it. Before each round 5 % of the sockets were replaced.`,
    formatTable(
      ['tool', 'burst', '× node_exporter', 'interval', 'wall', 'anonymous', 'file', 'proportional'],
      rows.map((row) => [
        titleOf(row.tool),
        milliseconds(row.burstMs),
        reference === undefined ? '' : significant(row.burstMs / reference.burstMs),
        milliseconds(row.intervalMs),
        milliseconds(row.wallMs),
        megabytes(row.anonymousMb),
        megabytes(row.fileMb),
        megabytes(row.proportionalMb),
      ]),
    ),
  ];
}

function titleOf(tool: string): string {
  const node = nodeOf(tool);
  return node === undefined ? (TOOL_TITLES[tool] ?? tool) : `tcpstate-exporter, Node ${node}`;
}
