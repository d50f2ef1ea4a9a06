import { type Filters, PORT_SLOTS } from '../model/filters.ts';
import type { Breakdown, LocalPortCell } from '../model/socket-counts.ts';
import { STATE_SLOTS } from '../model/tcp-state.ts';
import { isOnEphemeralPort, type PortClasses } from '../table/port-classes.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { Flag, hasFlag, localPortOf, type RowWords, stateOf } from '../table/socket-row.ts';
import { OWN_RANGE_LABEL } from './connections.ts';
import { DenseCounts } from './counting/dense-counts.ts';
import { FilteredCounts } from './counting/filtered-counts.ts';
import { createStateBreakdown } from './counting/state-breakdown.ts';

/** Names for many ports of outbound sockets: those of the ephemeral range, and those of a program's own. */
const EPHEMERAL = 0;
const OWN_RANGE = 65_536;

/** Ports with small ids; 0 is EPHEMERAL. A host has few of the 65,536. Ids are valid until `reset`. */
class PortIds {
  ports: number[] = [EPHEMERAL];
  readonly #ids = new Int32Array(PORT_SLOTS);

  intern(port: number): number {
    const known = this.#ids[port]!;
    if (known !== 0 || port === EPHEMERAL) return known;
    this.#ids[port] = this.ports.length;
    return this.ports.push(port) - 1;
  }

  /** −1 if the port was not interned since `reset`. */
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
  const counts = new DenseCounts();
  const ids = new PortIds();
  const filtered = new FilteredCounts(STATE_SLOTS);
  let isOut: Uint8Array | undefined;
  const select = createStateBreakdown<number, LocalPortCell>(
    counts,
    limit,
    {
      label: (id) => labelOf(ids.ports[id]!),
      compare: (left, right) => ids.ports[left]! - ids.ports[right]!,
      remember: (id) => ids.ports[id]!,
      recall: (port) => ids.find(port),
    },
    (state, localPort, sockets) => ({ state, localPort, sockets }),
    filtered,
  );

  return {
    reset(filters?: Filters) {
      ids.reset();
      counts.reset(0);
      filtered.reset(filters);
      isOut = filters?.localPorts;
    },
    count(rows: Rows, step: 1 | -1, classes: PortClasses) {
      const { words } = rows;
      for (let index = 0; index < rows.length; index++) {
        const at = positionOf(rows, index);
        const port = shownPort(words, at, classes);
        if (isOut !== undefined && isOut[port] === 1) {
          filtered.byFold[stateOf(words, at)]! += step;
          continue;
        }
        const id = ids.intern(port);
        counts.reserve(id + 1);
        counts.columnOf(stateOf(words, at))[id]! += step;
      }
    },
    select: (): Breakdown<LocalPortCell> => select(),
  };
}

function shownPort(words: RowWords, at: number, classes: PortClasses): number {
  if (isOnEphemeralPort(words, at, classes)) return EPHEMERAL;
  return hasFlag(words, at, Flag.ownRange) ? OWN_RANGE : localPortOf(words, at);
}

function labelOf(port: number): string {
  if (port === EPHEMERAL) return 'ephemeral';
  return port === OWN_RANGE ? OWN_RANGE_LABEL : String(port);
}
