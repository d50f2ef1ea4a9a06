import type { DiagnoseOptions } from '../config/diagnose.ts';
import { judge, type Status, type Verdict } from '../verdict/judge.ts';
import type { Looks } from './source.ts';

/** Everything that an output can tell. */
export interface View extends Looks {
  readonly place: string;
  readonly notes: readonly string[];
  readonly time: Date;
  readonly verdict: Verdict;
  readonly options: Pick<DiagnoseOptions, 'top' | 'by' | 'state' | 'port' | 'warn' | 'crit'>;
}

export function toView(
  looks: Looks,
  source: Pick<View, 'place' | 'notes'>,
  options: DiagnoseOptions,
  time: Date,
): View {
  const { warn, crit } = options;
  const verdict = judge(looks.now.snapshot, looks.before, { warn, crit });
  return { ...looks, place: source.place, notes: source.notes, time, verdict, options };
}

/** Exit codes as Nagios has them. */
export const EXIT_CODES: Readonly<Record<Status, number>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };
