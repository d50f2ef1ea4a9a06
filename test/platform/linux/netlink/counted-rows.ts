import { positionOf } from '../../../../src/table/row-changes.ts';
import { ROW_WORDS, type RowWords, readRow } from '../../../../src/table/socket-row.ts';
import type { SocketTable } from '../../../../src/table/socket-table.ts';

/** Rows by all that they say. */
export type CountedRows = ReadonlyMap<string, number>;

export const NOTHING_COUNTED: CountedRows = new Map();

/** What somebody has counted who goes by the changes of a table alone. */
export function countChanges(table: SocketTable, counted: CountedRows): CountedRows {
  const { changes, added } = table;
  const sums = new Map(changes.isFullRecount ? NOTHING_COUNTED : counted);
  for (const [rows, step] of [[changes.removed, -1] as const, [added, 1] as const]) {
    for (let index = 0; index < rows.length; index++) {
      const key = describe(table, rows.words, positionOf(rows, index));
      const sum = (sums.get(key) ?? 0) + step;
      if (sum === 0) sums.delete(key);
      else sums.set(key, sum);
    }
  }
  return sums;
}

export function countRows(table: SocketTable): CountedRows {
  const sums = new Map<string, number>();
  for (let row = 0; row < table.length; row++) {
    const key = describe(table, table.words, row * ROW_WORDS);
    sums.set(key, (sums.get(key) ?? 0) + 1);
  }
  return sums;
}

/** Its addresses and its process must still be known by the ids they had. */
function describe({ addresses, processNames }: SocketTable, words: RowWords, at: number): string {
  const row = readRow(words, at);
  const ends = [row.localAddress, row.remoteAddress].map((id) => addresses.wordsOf(id).join('.'));
  const owner = `${row.owner} ${processNames.nameOf(row.process)} ${row.reason}`;
  return [row.state, ...ends, row.localPort, row.remotePort, owner, row.group].join(' ');
}
