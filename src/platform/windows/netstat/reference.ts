import { TcpState } from '../../../model/tcp-state.ts';
import type { RowContents } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { Reference } from '../../reference.ts';
import { type RunCommand, runCommand } from '../commands/run-command.ts';
import { loadKernel32 } from '../dll/kernel32.ts';
import { createSystemPaths } from '../dll/system-folder.ts';
import { parseNetstat } from './netstat-table.ts';

/** netstat.exe in the system folder. */
export function openNetstatReferences(): readonly Reference[] {
  const program = createSystemPaths(loadKernel32())('netstat.exe');
  return createNetstatReferences(runCommand, program);
}

/** `netstat -ano` for all sockets except bound ones; `netstat -anoq`, available since Windows 10, for those. */
export function createNetstatReferences(run: RunCommand, program: string): readonly Reference[] {
  const ask = (option: string) => run(program, [option], new AbortController().signal);
  return [
    {
      name: 'netstat -ano',
      source: 'netstat',
      ownerIs: 'pid',
      isOptional: false,
      shows: (state) => state !== TcpState.bound,
      read: async (table) => ({ unknownStateWords: parseNetstat(await ask('-ano'), table), ignored: new Set() }),
    },
    {
      name: 'netstat -anoq',
      source: 'netstat',
      ownerIs: 'pid',
      isOptional: true,
      shows: (state) => state === TcpState.bound,
      async read(table) {
        const unknownStateWords = parseNetstat(await ask('-anoq'), table);
        const [word] = unknownStateWords.values();
        if (word !== undefined) throw new Error(`it names states in an unknown language: "${word}"`);
        return { unknownStateWords, ignored: findShownAgain(table) };
      },
    },
  ];
}

/**
 * netstat repeats the ports of listeners and connections as bound; a socket that is only bound holds its port alone.
 */
function findShownAgain(table: SocketTable): ReadonlySet<number> {
  const rows = Array.from({ length: table.length }, (_, row) => ({ row, ...table.rowAt(row) }));
  const isBound = ({ state }: RowContents) => state === TcpState.bound;
  const holder = ({ localPort, owner }: RowContents) => `${localPort} ${owner}`;
  const holders = new Set(rows.filter((contents) => !isBound(contents)).map(holder));
  return new Set(rows.filter((contents) => isBound(contents) && holders.has(holder(contents))).map(({ row }) => row));
}
