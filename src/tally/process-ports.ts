import type { Breakdown, ProcessPorts } from '../model/socket-counts.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { keepLargest } from './largest-values.ts';
import { ephemeralBit, PortClass, type PortClasses } from './port-classes.ts';

const WORDS_PER_BITMAP = 65_536 / 32;

/** Counts the distinct ephemeral ports each process holds: who eats the range. */
export function createProcessPortsTally(table: SocketTable, limit: number) {
  /** One bitmap of ports per process id, kept from scrape to scrape. */
  const bitmaps: Uint32Array[] = [];

  return function countProcessPorts(classes: PortClasses): Breakdown<ProcessPorts> {
    const processes = table.processNames.length;
    bitmaps.length = Math.min(bitmaps.length, processes);
    for (const bitmap of bitmaps) bitmap.fill(0);
    const ports = new Int32Array(processes);
    const { family, localPort, process } = table.columns;
    for (let row = 0; row < table.length; row++) {
      const port = localPort[row]!;
      const portClass = classes[port]!;
      if ((portClass & ephemeralBit(family[row]!)) === 0 || (portClass & PortClass.listening) !== 0) continue;
      const id = process[row]!;
      while (bitmaps.length <= id) bitmaps.push(new Uint32Array(WORDS_PER_BITMAP));
      const bitmap = bitmaps[id]!;
      const bit = 1 << (port & 31);
      if ((bitmap[port >> 5]! & bit) !== 0) continue;
      bitmap[port >> 5]! |= bit;
      ports[id]!++;
    }
    const entries = Array.from(ports, (count, id) => ({ process: table.processNames.nameOf(id), ports: count }));
    return keepLargest(
      entries.filter((entry) => entry.ports > 0),
      limit,
      (entry) => entry.ports,
      (entry) => entry.process,
    );
  };
}
