import type { PhaseResult } from './measure-phase.ts';
import { median } from './statistics.ts';
import type { Reading } from './tools/tool.ts';

/** One row of the report: a tool on a population. */
export interface SummaryRow extends Reading {
  readonly tool: string;
  readonly rounds: number;
}

const OPTIONAL = [
  'mainThreadMs',
  'anonymousMb',
  'wallMs',
  'sockets',
  'pageBytes',
  'sentBytes',
  'unattributed',
] as const;

/** Medians over the rounds; of memory the most. */
export function summarize({ readings }: PhaseResult): SummaryRow[] {
  return Object.entries(readings)
    .filter(([, rounds]) => rounds.length > 0)
    .map(([tool, rounds]) => ({
      tool,
      rounds: rounds.length,
      cpuMs: median(rounds.map(({ cpuMs }) => cpuMs)),
      peakRssMb: Math.max(...rounds.map(({ peakRssMb }) => peakRssMb)),
      ...Object.fromEntries(OPTIONAL.flatMap((field) => medianOf(rounds, field))),
    }));
}

function medianOf(rounds: readonly Reading[], field: (typeof OPTIONAL)[number]): [string, number][] {
  const values = rounds.map((reading) => reading[field]).filter((value) => value !== undefined);
  return values.length === 0 ? [] : [[field, median(values)]];
}
