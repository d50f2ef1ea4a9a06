import { toPrintable } from '../model/printable-text.ts';
import type { Figure } from '../verdict/figures.ts';
import type { Finding } from '../verdict/finding.ts';
import { percent } from '../verdict/words.ts';
import type { View } from './view.ts';

/**
 * One line for Nagios and what is like it: status, the worst finding, performance data.
 * https://nagios-plugins.org/doc/guidelines.html#AEN200
 */
export function formatCheck({ verdict }: Pick<View, 'verdict'>): string {
  const text = verdict.status === 'ok' ? describeHealth(verdict) : describeFindings(verdict.findings);
  const data = verdict.figures.map(formatFigure).join(' ');
  return `TCP ${verdict.status.toUpperCase()} - ${oneField(text)}${data === '' ? '' : ` | ${data}`}\n`;
}

function describeFindings([worst, ...others]: readonly Finding[]): string {
  const owner = worst!.owner?.process;
  const named =
    owner === undefined || worst!.headline.includes(owner)
      ? ''
      : ` (${worst!.owner!.isInferred ? 'likely ' : ''}${owner})`;
  return `${worst!.headline.replace(/\.$/, '')}${named}${others.length === 0 ? '' : `; ${others.length} more`}`;
}

function describeHealth({ headroom }: View['verdict']): string {
  const nearest = headroom.toSorted((one, other) => other.ratio - one.ratio)[0];
  return nearest === undefined
    ? 'nothing is known to be wrong'
    : `nothing is near a limit, ${nearest.name} ${percent(nearest.ratio)}`;
}

/** 'label'=value[unit];[warn];[crit];[min];[max] */
function formatFigure({ name, value, unit, warn, crit, max }: Figure): string {
  const number = Number.isInteger(value) ? String(value) : value.toFixed(1);
  const limits = [warn ?? '', crit ?? '', 0, max ?? ''].join(';');
  return `${name}=${number}${unit === '%' ? '%' : ''};${limits.replace(/;+$/, '')}`;
}

/** A bar would begin the performance data. */
function oneField(text: string): string {
  return toPrintable(text).replaceAll('|', '¦');
}
