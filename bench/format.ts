/** Columns are padded, so that the table can be read in a terminal, too. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Undefined = an empty cell. */
export function milliseconds(value: number | undefined): string {
  return value === undefined ? '' : `${significant(value)} ms`;
}

/** 10⁶ bytes; undefined = an empty cell. */
export function megabytes(value: number | undefined): string {
  return value === undefined ? '' : `${significant(value)} MB`;
}

/** Three significant digits, without an exponent. */
export function significant(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}
