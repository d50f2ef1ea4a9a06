import { formatFindings } from './findings.ts';
import type { Palette } from './palette.ts';
import { formatPortReport } from './port-report.ts';
import { formatBreakdowns } from './tables/breakdowns.ts';
import { formatFacts } from './tables/facts.ts';
import { formatOverview } from './tables/overview.ts';
import type { View } from './view.ts';

export interface Style {
  readonly palette: Palette;
  /** Columns of the terminal. */
  readonly width: number;
  /** What a finding means and what not to do is left out: there are few lines, and the report is drawn again and again. */
  readonly isBrief?: boolean;
}

/** Lines that belong together. A heading line is the first. */
export type Block = readonly string[];

/** The report for a person: what is wrong first, then the tables that support it, then what could not be seen. */
export function formatReport(view: View, style: Style): string {
  const { port, by, state } = view.options;
  const asked = by !== undefined || state !== undefined;
  const blocks: readonly Block[] =
    port === undefined
      ? [
          ...formatFindings(view, style),
          ...(asked ? formatBreakdowns(view, style) : formatOverview(view, style)),
          formatFacts(view, style),
        ]
      : [formatPortReport(view, port, style)];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}
