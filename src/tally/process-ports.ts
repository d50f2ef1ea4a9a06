import type { Breakdown, ProcessPorts } from '../model/socket-counts.ts';
import { isOnEphemeralPort, type PortClasses } from '../table/port-classes.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { localPortOf, Word } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { keepLargest } from './counting/largest-values.ts';

const PAGE_BITS = 8;
const PAGE_LENGTH = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_LENGTH - 1;
const PAGES_BITS = 16 - PAGE_BITS;
const PAGES = 1 << PAGES_BITS;
const INITIAL_PAGES = 16;

/** Counts the distinct ephemeral ports of each process. */
export function createProcessPortsTally({ processNames }: CountedTable, limit: number) {
  /** By process id: its distinct ports, and the number of each of its pages, 0 = none yet. */
  let distinct = new Int32Array(0);
  let pageNumbers = new Int32Array(0);
  /** Sockets by local port, in pages allocated on demand: most processes have few ports. Page 0 is unused. */
  let pages = new Int32Array(INITIAL_PAGES * PAGE_LENGTH);
  let pagesEnd = 1;

  return {
    reset() {
      distinct = new Int32Array(0);
      pageNumbers = new Int32Array(0);
      pages = new Int32Array(INITIAL_PAGES * PAGE_LENGTH);
      pagesEnd = 1;
    },
    count(rows: Rows, step: 1 | -1, classes: PortClasses) {
      const { words } = rows;
      reserve(processNames.length);
      for (let index = 0; index < rows.length; index++) {
        const at = positionOf(rows, index);
        if (isOnEphemeralPort(words, at, classes)) countPort(words[at + Word.process]!, localPortOf(words, at), step);
      }
    },
    select(): Breakdown<ProcessPorts> {
      const entries: ProcessPorts[] = [];
      distinct.forEach((ports, id) => {
        if (ports > 0) entries.push({ process: processNames.nameOf(id), ports });
      });
      return keepLargest(
        entries,
        limit,
        (entry) => entry.ports,
        (entry) => entry.process,
      );
    },
  };

  function countPort(process: number, port: number, step: number): void {
    const index = (process << PAGES_BITS) | (port >> PAGE_BITS);
    const page = pageNumbers[index] || takePage(index);
    const at = (page << PAGE_BITS) | (port & PAGE_MASK);
    const before = pages[at]!;
    pages[at] = before + step;
    if (before === 0) distinct[process]!++;
    else if (before + step === 0) distinct[process]!--;
  }

  function reserve(length: number): void {
    if (length <= distinct.length) return;
    const spare = length + (length >> 1);
    distinct = enlarged(distinct, spare);
    pageNumbers = enlarged(pageNumbers, spare * PAGES);
  }

  function takePage(index: number): number {
    if (pagesEnd * PAGE_LENGTH === pages.length) pages = enlarged(pages, pages.length + (pages.length >> 1));
    pageNumbers[index] = pagesEnd;
    return pagesEnd++;
  }
}

function enlarged(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}
