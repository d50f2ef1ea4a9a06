import type { DiagnoseOptions } from '../config/diagnose.ts';
import { describeError } from '../model/describe-error.ts';
import { toPrintable } from '../model/printable-text.ts';
import type { Source } from './source.ts';

/** That nothing could be read, or nothing written, in the form that was asked for. Another host may have worded the reason. */
export function formatFailure({ check, json }: DiagnoseOptions, { place }: Source, error: unknown): string {
  const reason = toPrintable(describeError(error));
  if (json) return `${JSON.stringify({ schema: 1, host: place, status: 'unknown', exitCode: 3, error: reason })}\n`;
  if (check) return `TCP UNKNOWN - ${reason.replaceAll('|', '¦')}\n`;
  return `UNKNOWN   ${place}: ${reason}\n`;
}
