import type { ProcessFds } from '../../../model/socket-counts.ts';
import type { Libc } from '../libc/libc.ts';
import { createNetworkComparison } from '../procfs/namespace.ts';
import { createClosedSocketCounter, createProtocolReader } from './closed-sockets.ts';
import { CROWDED, createCrowdSearch } from './crowded-processes.ts';
import type { FdLinks } from './fd-links.ts';
import type { KnownOwners } from './known-owners.ts';
import { createFdReader, fillOf, type OpenFds } from './process-fds.ts';
import type { ProcessRecord } from './process-table.ts';

/** A process, and its name on the page. */
export interface NamedProcess {
  readonly record: ProcessRecord;
  readonly name: string;
}

interface Tools {
  readonly libc: Libc;
  readonly procfs: string;
  /** Where this process sees itself. */
  readonly ownProcfs?: string;
  readonly known: KnownOwners;
  readonly links: FdLinks;
  readonly countFds: (folder: string) => number;
}

/** Share of a process's descriptors that must hold something other than its own listed sockets. */
const WORTH_COUNTING = 0.1;

type Nearest = NamedProcess & OpenFds;

/**
 * For each name, reads the descriptors of the process nearest to its limit, among the processes that own sockets and
 * those near their limit whatever they hold.
 */
export function createFdReport({ libc, procfs, ownProcfs, known, links, countFds }: Tools) {
  const fdsOf = createFdReader(procfs, countFds, links);
  const findCrowded = createCrowdSearch(known.processes, fdsOf);
  const countClosed = createClosedSocketCounter({
    links,
    isInDumpedNetwork: createNetworkComparison(procfs, ownProcfs),
    isListed: (inode) => known.entryOf(inode) >= 0,
    protocolOf: createProtocolReader(libc, procfs),
  });

  return function reportFds(
    owners: Iterable<NamedProcess>,
    nameOf: (record: ProcessRecord) => string,
  ): readonly ProcessFds[] {
    const others = findCrowded().map((record) => ({ record, name: nameOf(record) }));
    const nearest = nearestOfEachName([...owners, ...others]);
    const closedIn = countClosed(nearest.filter(mayHoldClosed));
    return nearest.map(({ record, name, open, limit }) => {
      const closedSockets = closedIn(record);
      return { process: name, open, limit, ...(closedSockets !== undefined && { closedSockets }) };
    });
  };

  function nearestOfEachName(processes: readonly NamedProcess[]): readonly Nearest[] {
    const nearest = new Map<string, Nearest>();
    for (const process of processes) {
      const fds = fdsOf(process.record);
      if (fds === undefined) continue;
      const other = nearest.get(process.name);
      if (other === undefined || isNearer(fds, other)) nearest.set(process.name, { ...process, ...fds });
    }
    return [...nearest.values()];
  }
}

/**
 * If nearly all descriptors hold live sockets, closed ones are not the problem, and searching for them would take long.
 */
function mayHoldClosed({ record, open, limit }: Nearest): boolean {
  return fillOf({ open, limit }) >= CROWDED && open - record.held.sockets >= open * WORTH_COUNTING;
}

function isNearer(left: OpenFds, right: OpenFds): boolean {
  return fillOf(left) === fillOf(right) ? left.open > right.open : fillOf(left) > fillOf(right);
}
