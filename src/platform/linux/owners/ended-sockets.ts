import { positionOf, type Rows } from '../../../table/row-changes.ts';
import { ROW_WORDS, Word } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import { canLookUp, type SocketLookup } from '../netlink/socket-lookup.ts';

/** Look-ups between two checks of the clock. */
const CHECK_EVERY = 32;

/** What became of sockets since the dump, by inode; those that were not looked up are in neither list. */
export interface LookedUp {
  readonly ended: readonly number[];
  readonly remaining: readonly number[];
}

/**
 * Which of these sockets, each of one row of the table, no longer exist in the kernel: looks them up one by one, as
 * long as `mayGoOn`. A socket that lost its process but not its connection now has inode 0, and counts as ended; a
 * listener, which cannot be looked up, as remaining.
 */
export function lookUpEnds(
  lookup: SocketLookup,
  table: SocketTable,
  inodes: ReadonlySet<number>,
  mayGoOn: () => boolean,
): LookedUp {
  const ended: number[] = [];
  const remaining: number[] = [];
  let asked = 0;
  for (const row of rowsOf(table, inodes)) {
    const inode = table.words[row * ROW_WORDS + Word.owner]!;
    const isListener = !canLookUp(table, row);
    if (!isListener && ++asked % CHECK_EVERY === 0 && !mayGoOn()) break;
    try {
      const isThere = isListener || lookup.lookUp(table, row)?.inode === inode;
      (isThere ? remaining : ended).push(inode);
    } catch {
      break; // without an answer the search goes on: slower, but not wrong
    }
  }
  lookup.close(); // few scrapes need its descriptor
  return { ended, remaining };
}

/** Most are in new rows: goes through all rows for the others only. */
function rowsOf(table: SocketTable, inodes: ReadonlySet<number>): number[] {
  const rows = pick(table.added, inodes);
  if (rows.length >= inodes.size || table.changes.isFullRecount) return rows;
  return pick({ words: table.words, length: table.length, numbers: undefined }, inodes);
}

function pick(among: Rows, inodes: ReadonlySet<number>): number[] {
  const rows: number[] = [];
  for (let index = 0; index < among.length; index++) {
    const at = positionOf(among, index);
    if (inodes.has(among.words[at + Word.owner]!)) rows.push(at / ROW_WORDS);
  }
  return rows;
}
