import { median } from '../statistics.ts';
import type { IntervalReading, IntervalResult } from './measure.ts';

/** Medians of one tool over the rounds. */
export interface IntervalRow extends IntervalReading {
  readonly tool: string;
  readonly rounds: number;
}

const FIELDS = ['burstMs', 'intervalMs', 'wallMs', 'anonymousMb', 'fileMb', 'proportionalMb'] as const;

export function summarizeInterval({ readings }: IntervalResult): IntervalRow[] {
  return Object.entries(readings).map(([tool, rounds]) => {
    const medians = FIELDS.flatMap((field) => {
      const values = rounds.map((reading) => reading[field]).filter((value) => value !== undefined);
      return values.length === 0 ? [] : [[field, median(values)]];
    });
    return { tool, rounds: rounds.length, ...(Object.fromEntries(medians) as IntervalReading) };
  });
}
