import { Reason, ROW_WORDS, Word } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { OwnerResolver } from '../../platform.ts';
import type { Kernel32 } from '../dll/kernel32.ts';
import { readHandleCounts } from './handle-counts.ts';
import type { ProcessList } from './process-list.ts';

/**
 * Names the process of each row by its pid. A pid without a process is `unresolved`: the process that created the
 * socket has ended, and an unknown one still holds it.
 */
export function createOwnerResolver(kernel32: Kernel32, processes: Pick<ProcessList, 'nameOf'>): OwnerResolver {
  let owners: ReadonlyMap<number, string> = new Map();

  return {
    source: 'toolhelp',
    resolve(table) {
      owners = attribute(table);
    },
    recall: attribute,
    readFds: () => readHandleCounts(kernel32, owners),
  };

  /** Writes process or reason into every row with a pid. Returns the processes found, by pid. */
  function attribute(table: SocketTable): ReadonlyMap<number, string> {
    const found = new Map<number, string>();
    const nameIds = new Map<number, number>();
    const { words } = table;
    for (let row = 0; row < table.length; row++) {
      const pid = words[row * ROW_WORDS + Word.owner]!;
      if (pid === 0) continue;
      let nameId = nameIds.get(pid);
      if (nameId === undefined) {
        const name = processes.nameOf(pid >>> 0);
        nameId = name === undefined ? 0 : table.processNames.intern(name);
        nameIds.set(pid, nameId);
        if (name !== undefined) found.set(pid, name);
      }
      table.setOwner(row, nameId, nameId === 0 ? Reason.unresolved : Reason.none);
    }
    return found;
  }
}
