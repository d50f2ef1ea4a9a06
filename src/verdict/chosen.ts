import type { Found } from './compose.ts';
import { type ChosenLimits, FIGURES, type Figure, type FigureRow } from './figures.ts';
import type { Severity } from './finding.ts';

const RANK: Readonly<Record<Severity, number>> = { info: 0, unknown: 1, warning: 2, critical: 3 };

/**
 * Findings with the user's own limits (`--warn`, `--crit`) held against the figures. Where one is passed, the worst finding on
 * the same thing becomes that severe; where there is none, the figure is a finding by itself. A figure equal to its limit is within.
 */
export function applyChosen(
  found: readonly Found[],
  figures: readonly Figure[],
  chosen: { readonly warn: ChosenLimits; readonly crit: ChosenLimits },
): Found[] {
  return figures.reduce<Found[]>((so, figure) => applyFigure(so, figure, chosen), [...found]);
}

function applyFigure(
  found: readonly Found[],
  { name, value, unit }: Figure,
  { warn, crit }: { readonly warn: ChosenLimits; readonly crit: ChosenLimits },
): Found[] {
  const isBeyond = (limit: number | undefined): limit is number => limit !== undefined && value > limit;
  const severity = isBeyond(crit[name]) ? 'critical' : isBeyond(warn[name]) ? 'warning' : undefined;
  if (severity === undefined) return [...found];
  const { kinds, of = () => 0 }: FigureRow = FIGURES[name];
  const about = found.filter(({ kind }) => kinds.some((prefix) => kind.startsWith(prefix)));
  const [worst] = about.toSorted((one, other) => of(other.numbers) - of(one.numbers));
  if (worst !== undefined) return found.map((each) => (each === worst ? raise(each, severity) : each));
  const limit = (severity === 'critical' ? crit : warn)[name]!;
  const headline = `${name} is ${format(value, unit)}, more than your limit of ${format(limit, unit)}.`;
  const subject = { type: 'host' } as const;
  return [...found, { kind: 'beyond_your_limit', severity, subject, numbers: { value, limit }, headline }];
}

function raise(finding: Found, severity: Severity): Found {
  return RANK[severity] > RANK[finding.severity] ? { ...finding, severity } : finding;
}

function format(value: number, unit: Figure['unit']): string {
  const text = Number.isInteger(value) ? String(value) : value.toFixed(1);
  return unit === '%' ? `${text} %` : `${text}${unit}`;
}
