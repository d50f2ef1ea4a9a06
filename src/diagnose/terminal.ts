import type { WriteStream } from 'node:tty';
import type { DiagnoseOptions } from '../config/diagnose.ts';
import { COLORS, NO_COLORS } from './palette.ts';
import { formatReport, type Style } from './report.ts';
import type { View } from './view.ts';

const WIDTH_WITHOUT_TERMINAL = 80;
/** Longer lines are hard to read. */
const WIDEST = 120;

/** The report as wide as this terminal is at the time, and in colours where it has them. */
export function formatFor({ color }: DiagnoseOptions, output: WriteStream, isBrief = false): (view: View) => string {
  return (view) => formatReport(view, { ...styleOf(color, output), isBrief });
}

function styleOf(color: boolean, output: WriteStream): Style {
  const isColored = color && output.isTTY && output.hasColors();
  const width = output.isTTY ? Math.min(output.columns || WIDTH_WITHOUT_TERMINAL, WIDEST) : WIDTH_WITHOUT_TERMINAL;
  return { palette: isColored ? COLORS : NO_COLORS, width };
}
