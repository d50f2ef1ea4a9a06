import colors from 'yoctocolors';
import type { Severity } from '../verdict/finding.ts';
import type { Status } from '../verdict/judge.ts';

type Paint = (text: string) => string;

/** What the parts of a report look like. Words say everything; colour only helps to find them. */
export interface Palette {
  readonly severity: Readonly<Record<Severity | Status, Paint>>;
  readonly heading: Paint;
  readonly faint: Paint;
}

const PLAIN: Paint = (text) => text;

export const NO_COLORS: Palette = {
  severity: { critical: PLAIN, warning: PLAIN, unknown: PLAIN, info: PLAIN, ok: PLAIN },
  heading: PLAIN,
  faint: PLAIN,
};

export const COLORS: Palette = {
  severity: {
    critical: (text) => colors.bold(colors.red(text)),
    warning: (text) => colors.bold(colors.yellow(text)),
    unknown: (text) => colors.bold(colors.magenta(text)),
    info: colors.cyan,
    ok: (text) => colors.bold(colors.green(text)),
  },
  heading: colors.bold,
  faint: colors.dim,
};
