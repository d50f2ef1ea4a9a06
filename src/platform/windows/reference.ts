import type { SocketTable } from '../../model/socket-table.ts';
import { TcpState } from '../../model/tcp-state.ts';
import type { Reference } from '../reference.ts';
import { loadKernel32 } from './kernel32.ts';
import { parseNetstat } from './netstat-table.ts';
import { type RunCommand, runCommand } from './run-command.ts';
import { createSystemPaths } from './system-folder.ts';

/** netstat.exe of the system folder. */
export function openNetstatReferences(): readonly Reference[] {
  const program = createSystemPaths(loadKernel32())('netstat.exe');
  return createNetstatReferences(runCommand, program);
}

/** `netstat -ano` for all but the bound sockets, and `netstat -anoq`, which Windows has since version 10, for those. */
export function createNetstatReferences(run: RunCommand, program: string): readonly Reference[] {
  const ask = (option: string) => run(program, [option], new AbortController().signal);
  return [
    {
      name: 'netstat -ano',
      source: 'netstat',
      ownerIs: 'pid',
      isOptional: false,
      shows: (state) => state !== TcpState.bound,
      read: async (table) => ({ untold: parseNetstat(await ask('-ano'), table), ignored: new Set() }),
    },
    {
      name: 'netstat -anoq',
      source: 'netstat',
      ownerIs: 'pid',
      isOptional: true,
      shows: (state) => state === TcpState.bound,
      async read(table) {
        const untold = parseNetstat(await ask('-anoq'), table);
        const [word] = untold.values();
        if (word !== undefined) throw new Error(`it names states in a language not known here: "${word}"`);
        return { untold, ignored: findShownAgain(table) };
      },
    },
  ];
}

/** netstat shows the ports of listeners and connections once more as bound: what else is bound holds its port alone. */
function findShownAgain({ columns, length }: SocketTable): ReadonlySet<number> {
  const { state, localPort, owner } = columns;
  const holder = (row: number) => `${localPort[row]} ${owner[row]}`;
  const rows = Array.from({ length }, (_, row) => row);
  const holders = new Set(rows.filter((row) => state[row] !== TcpState.bound).map(holder));
  return new Set(rows.filter((row) => state[row] === TcpState.bound && holders.has(holder(row))));
}
