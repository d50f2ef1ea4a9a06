import type { Breakdown, LocalPortCell } from '../model/socket-counts.ts';
import { ephemeralBit, PortClass, type PortClasses } from '../table/port-classes.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { familyOf, localPortOf, stateOf } from '../table/socket-row.ts';
import { StateCounts } from './counting/dense-counts.ts';
import { createStateBreakdown } from './counting/state-breakdown.ts';

/** Port 0: any ephemeral port of an outbound socket. */
const EPHEMERAL = 0;

/** Ports under small ids, 0 being EPHEMERAL: a host shows few of the 65,536. Ids hold until `reset`. */
class PortIds {
  ports: number[] = [EPHEMERAL];
  readonly #ids = new Int32Array(65_536);

  intern(port: number): number {
    const known = this.#ids[port]!;
    if (known !== 0 || port === EPHEMERAL) return known;
    this.#ids[port] = this.ports.length;
    return this.ports.push(port) - 1;
  }

  /** −1 when the port was not seen since `reset`. */
  find(port: number): number {
    return port === EPHEMERAL ? 0 : this.#ids[port]! || -1;
  }

  reset(): void {
    for (const port of this.ports) this.#ids[port] = 0;
    this.ports = [EPHEMERAL];
  }
}

/** Counts sockets by state and local port. */
export function createLocalPortsTally(limit: number) {
  const counts = new StateCounts();
  const ids = new PortIds();
  const select = createStateBreakdown<number, LocalPortCell>(
    counts,
    limit,
    {
      label: (id) => (id === EPHEMERAL ? 'ephemeral' : String(ids.ports[id])),
      compare: (left, right) => ids.ports[left]! - ids.ports[right]!,
      remember: (id) => ids.ports[id]!,
      recall: (port) => ids.find(port),
    },
    (state, localPort, sockets) => ({ state, localPort, sockets }),
  );

  return {
    reset() {
      ids.reset();
      counts.reset(0);
    },
    count(rows: Rows, step: 1 | -1, classes: PortClasses) {
      const { words } = rows;
      for (let index = 0; index < rows.length; index++) {
        const at = positionOf(rows, index);
        const id = ids.intern(shownPort(classes, familyOf(words, at), localPortOf(words, at)));
        counts.reserve(id + 1);
        counts.columnOf(stateOf(words, at))[id]! += step;
      }
    },
    select: (): Breakdown<LocalPortCell> => select(),
  };
}

function shownPort(classes: PortClasses, family: number, port: number): number {
  const portClass = classes[port]!;
  const isFolded = (portClass & PortClass.listening) === 0 && (portClass & ephemeralBit(family)) !== 0;
  return isFolded ? EPHEMERAL : port;
}
