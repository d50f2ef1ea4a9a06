import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CSV_HEADER } from './csv.ts';

/**
 * Appends a row. A file that has rows has its header already; rows under other columns would be read as what they are not, so such
 * a file is left alone. `isFirst`: of this run, for what cannot be read again (a pipe, a terminal).
 */
export function appendCsvRow(path: string, row: string, isFirst: boolean): void {
  const begun = beginningOf(path);
  if (begun === undefined) appendFileSync(path, isFirst ? CSV_HEADER + row : row);
  else if (begun.size === 0) appendFileSync(path, CSV_HEADER + row);
  else if (!begun.hasHeader)
    throw new Error(`${path} begins with other columns: give another file, or move this one away`);
  else appendFileSync(path, begun.endsLine ? row : `\n${row}`);
}

interface Beginning {
  readonly size: number;
  readonly hasHeader: boolean;
  readonly endsLine: boolean;
}

/** undefined: no file of the usual kind. A spreadsheet may have put a byte order mark and its own line breaks in. */
function beginningOf(path: string): Beginning | undefined {
  const file = openSync(path, 'a+');
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return undefined;
    const bytes = Buffer.alloc(CSV_HEADER.length + 8);
    const read = readSync(file, bytes, 0, bytes.length, 0);
    const last = Buffer.alloc(1);
    if (stat.size > 0) readSync(file, last, 0, 1, stat.size - 1);
    const text = bytes
      .toString('utf8', 0, read)
      .replace(/^\ufeff/, '')
      .replace('\r', '');
    const hasHeader = text.startsWith(CSV_HEADER) || text === CSV_HEADER.trimEnd();
    return { size: stat.size, hasHeader, endsLine: last[0] === 0x0a };
  } finally {
    closeSync(file);
  }
}
