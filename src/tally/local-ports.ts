import type { Breakdown, LocalPortCell } from '../model/socket-counts.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { ephemeralBit, PortClass, type PortClasses } from './port-classes.ts';
import { createStateBreakdown } from './state-breakdown.ts';
import { StateCounts } from './state-counts.ts';

/** Port 0 in a key: any ephemeral port of an outbound socket. */
const EPHEMERAL = 0;

/** Counts sockets by state and local port. */
export function createLocalPortsTally(table: SocketTable, limit: number) {
  const counts = new StateCounts();
  const select = createStateBreakdown<number, LocalPortCell>(
    counts,
    limit,
    {
      label: (port) => (port === EPHEMERAL ? 'ephemeral' : String(port)),
      compare: (left, right) => left - right,
      remember: (port) => port,
      recall: (port) => port,
    },
    (state, localPort, sockets) => ({ state, localPort, sockets }),
  );

  return function countLocalPorts(classes: PortClasses): Breakdown<LocalPortCell> {
    counts.reset(65_536);
    const { family, state, localPort } = table.columns;
    for (let row = 0; row < table.length; row++) {
      const port = localPort[row]!;
      const portClass = classes[port]!;
      const isFolded = (portClass & PortClass.listening) === 0 && (portClass & ephemeralBit(family[row]!)) !== 0;
      counts.columnOf(state[row]!)[isFolded ? EPHEMERAL : port]!++;
    }
    return select();
  };
}
