import { positionOf, type Rows } from '../model/row-changes.ts';
import type { Breakdown, ProcessPorts } from '../model/socket-counts.ts';
import { localPortOf, Word } from '../model/socket-row.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { isOnEphemeralPort } from './destinations.ts';
import { keepLargest } from './largest-values.ts';
import type { PortClasses } from './port-classes.ts';

const PAGE_BITS = 8;
const PAGE_LENGTH = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_LENGTH - 1;
const PAGES = 65_536 / PAGE_LENGTH;

/** Sockets of one process by local port, in pages made on demand: most processes have few ports. */
interface PortsOfProcess {
  readonly pages: (Int32Array | undefined)[];
  /** Ports with a socket. */
  distinct: number;
}

/** Counts the distinct ephemeral ports each process holds: who eats the range. */
export function createProcessPortsTally({ processNames }: SocketTable, limit: number) {
  /** By process id. */
  let processes: PortsOfProcess[] = [];

  return {
    reset() {
      processes = [];
    },
    count(rows: Rows, step: 1 | -1, classes: PortClasses) {
      const { words } = rows;
      for (let index = 0; index < rows.length; index++) {
        const at = positionOf(rows, index);
        if (isOnEphemeralPort(words, at, classes)) countPort(words[at + Word.process]!, localPortOf(words, at), step);
      }
    },
    select(): Breakdown<ProcessPorts> {
      const entries = processes.map(({ distinct }, id) => ({ process: processNames.nameOf(id), ports: distinct }));
      return keepLargest(
        entries.filter((entry) => entry.ports > 0),
        limit,
        (entry) => entry.ports,
        (entry) => entry.process,
      );
    },
  };

  function countPort(process: number, port: number, step: number): void {
    while (processes.length <= process) processes.push({ pages: new Array(PAGES).fill(undefined), distinct: 0 });
    const ports = processes[process]!;
    let page = ports.pages[port >> PAGE_BITS];
    if (page === undefined) {
      page = new Int32Array(PAGE_LENGTH);
      ports.pages[port >> PAGE_BITS] = page;
    }
    const before = page[port & PAGE_MASK]!;
    page[port & PAGE_MASK] = before + step;
    if (before === 0) ports.distinct++;
    else if (before + step === 0) ports.distinct--;
  }
}
