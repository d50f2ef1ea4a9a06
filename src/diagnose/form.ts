import type { WriteStream } from 'node:tty';
import type { DiagnoseOptions } from '../config/diagnose.ts';
import { formatCheck } from './check.ts';
import { CSV_HEADER, formatCsvRow } from './csv.ts';
import { appendCsvRow } from './csv-file.ts';
import { toDocument } from './json.ts';
import type { View } from './view.ts';

/** Writes one view in the form that was asked for. `isFirst`: of this run. */
export type Form = (view: View, isFirst: boolean) => void;

const STDOUT = '-';

/** Colours and the widths of characters take long to load: they are for a person only. */
export async function loadForm(options: DiagnoseOptions, output: WriteStream): Promise<Form> {
  const { csv, json, check, watchMs } = options;
  if (csv !== undefined) return (view, isFirst) => writeRow(csv, view, output, isFirst);
  const indent = watchMs === undefined ? 2 : undefined;
  if (json) return (view) => output.write(`${JSON.stringify(toDocument(view), undefined, indent)}\n`);
  if (check) return (view) => output.write(formatCheck(view));
  const { formatFor } = await import('./terminal.ts');
  const format = formatFor(options, output);
  return (view, isFirst) => output.write(`${isFirst ? '' : '\n'}${format(view)}`);
}

function writeRow(path: string, view: View, output: WriteStream, isFirst: boolean): void {
  const row = formatCsvRow(view);
  if (path === STDOUT) output.write(isFirst ? CSV_HEADER + row : row);
  else appendCsvRow(path, row, isFirst);
}
