import type { CloseWaitAges } from '../model/socket-counts.ts';
import { TcpState } from '../model/tcp-state.ts';
import { ROW_WORDS, stateOf, Word } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { keepLargest } from './counting/largest-values.ts';

interface Waiting {
  readonly process: string;
  oldestMs: number;
  unclosed: number;
  unaccepted: number;
}

/**
 * Ages of CLOSE_WAIT sockets by process. `table` has those rows, and may have others, with owners resolved and inherited;
 * `milliseconds` is how long they have waited, at least. A row without an owner of its own was never accepted.
 */
export function countCloseWait(table: CountedTable, stuckAfterMs: number, limit: number): CloseWaitAges {
  const byProcess = new Map<number, Waiting>();
  const { words } = table;
  const end = table.closeWaiting === 0 ? 0 : table.length * ROW_WORDS;
  for (let at = 0; at < end; at += ROW_WORDS) {
    if (stateOf(words, at) !== TcpState.closeWait) continue;
    const waiting = entryOf(byProcess, words[at + Word.process]!, table);
    const age = words[at + Word.milliseconds]!;
    if (age > waiting.oldestMs) waiting.oldestMs = age;
    if (age <= stuckAfterMs) continue;
    if (words[at + Word.owner] === 0) waiting.unaccepted++;
    else waiting.unclosed++;
  }
  const { cells, folded } = keepLargest([...byProcess.values()], limit, stuckThenAge, (entry) => entry.process);
  return {
    oldest: cells.map(({ process: name, oldestMs }) => ({ process: name, seconds: oldestMs / 1000 })),
    stuck: cells.flatMap(({ process: name, unclosed, unaccepted }) => [
      { process: name, reason: 'unclosed' as const, sockets: unclosed },
      { process: name, reason: 'unaccepted' as const, sockets: unaccepted },
    ]),
    folded,
  };
}

function entryOf(byProcess: Map<number, Waiting>, process: number, table: CountedTable): Waiting {
  const known = byProcess.get(process);
  if (known !== undefined) return known;
  const created = { process: table.processNames.nameOf(process), oldestMs: 0, unclosed: 0, unaccepted: 0 };
  byProcess.set(process, created);
  return created;
}

/** Processes with stuck sockets come first, by number; the others by age. */
function stuckThenAge(entry: Waiting): number {
  const stuck = entry.unclosed + entry.unaccepted;
  return stuck > 0 ? 2 ** 32 + stuck : entry.oldestMs;
}
