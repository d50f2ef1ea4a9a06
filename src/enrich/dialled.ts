import { TcpState } from '../model/tcp-state.ts';
import { rowOf } from '../table/row-changes.ts';
import { Flag, ROW_WORDS, stateOf } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';

/**
 * Sets `Flag.dialled` on new rows that wait for an answer to their SYN: whatever port they use, this side opened them.
 */
export function markDialled(table: SocketTable): void {
  const { added, words } = table;
  for (let index = 0; index < added.length; index++) {
    const row = rowOf(added, index);
    if (stateOf(words, row * ROW_WORDS) === TcpState.synSent) table.mark(row, Flag.dialled, true);
  }
}
