import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { Filters } from '../model/filters.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { ProcessFds, SocketCounts } from '../model/socket-counts.ts';
import type { TcpState } from '../model/tcp-state.ts';
import type { Peers } from '../table/peers.ts';
import type { PortClasses } from '../table/port-classes.ts';
import { chunksOf, type Rows } from '../table/row-changes.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { countCloseWait } from './close-wait.ts';
import { createConnectionsTally } from './connections.ts';
import { keepLargest } from './counting/largest-values.ts';
import { createEphemeralTally } from './ephemeral.ts';
import { LeftOut } from './left-out.ts';
import { createListenerDropsTally } from './listener-drops.ts';
import { countListeners } from './listeners.ts';
import { createLocalPortsTally } from './local-ports.ts';
import { createProcessesTally, createUnattributedTally } from './processes.ts';
import { createRemoteIpsTally } from './remote-ips.ts';
import { createStatesTally } from './states.ts';
import { createUnitsTally } from './units.ts';

/** What is known besides the rows. If a part is absent, so are its breakdowns. */
export interface TallyInput {
  /** Classes of all ports: now, and as they were when the rows that left were counted. */
  readonly classes: { readonly now: PortClasses; readonly before: PortClasses };
  readonly rules: EphemeralRules | undefined;
  /** The same object until they change: then what they decide is counted anew. */
  readonly filters?: Filters | undefined;
  /** Whether the owners of the rows were searched for. */
  readonly hasOwners: boolean;
  readonly nameOfGroup: ((groupId: bigint) => string | undefined) | undefined;
  /** CLOSE_WAIT sockets and listeners, read for their age. */
  readonly closeWait: CountedTable | undefined;
  /** Listeners, read for their drops. */
  readonly listenerDrops: CountedTable | undefined;
  /** What all of them have dropped, read before them. */
  readonly hostDrops?: number | undefined;
  readonly processFds: readonly ProcessFds[] | undefined;
  /** Monotonic milliseconds; 0 if time does not matter. */
  readonly nowMs?: number;
  /** States that the source of the rows does not show. */
  readonly unsupportedStates: readonly TcpState[];
}

/**
 * All counts of a table, in one call per scrape. It counts only what changed since the last call. The table stays the
 * same, and may be turned afterwards. It also remembers which groups were on the last page.
 */
export function createTally(
  table: CountedTable,
  peers: Peers,
  limits: TallyLimits,
): (input: TallyInput) => SocketCounts {
  const leftOut = new LeftOut(table.processNames, ({ isProcessOut }, name) => isProcessOut?.(name) ?? false);
  const states = createStatesTally();
  const connections = createConnectionsTally(table, limits.connections, peers, leftOut);
  const localPorts = createLocalPortsTally(limits.localPorts);
  const remoteIps = createRemoteIpsTally(table, limits.remoteIps, peers);
  const processes = createProcessesTally(table, limits.processes, leftOut);
  const unattributed = createUnattributedTally();
  const units = createUnitsTally(table, limits.units);
  const ephemeral = createEphemeralTally(table, limits.destinations);
  const countDrops = createListenerDropsTally(table, limits.listeners);
  const { isForVerdict = false } = limits;
  const filtered = isForVerdict ? [connections, processes] : [connections, localPorts, remoteIps, processes];
  const whole = isForVerdict ? [states, unattributed, ephemeral] : [states, unattributed, units, ephemeral];

  return function tally(input) {
    const {
      rules,
      filters,
      classes,
      hasOwners,
      nameOfGroup,
      closeWait,
      listenerDrops,
      hostDrops,
      processFds,
      unsupportedStates,
      nowMs = 0,
    } = input;
    update(classes, filters);
    return {
      states: states.select(unsupportedStates),
      connections: connections.select(),
      ...(!isForVerdict && { localPorts: localPorts.select(), remoteIps: remoteIps.select() }),
      listeners: countListeners(table, limits.listeners),
      ...(listenerDrops && countDrops(listenerDrops, hostDrops)),
      ...(hasOwners && {
        unattributed: unattributed.select(),
        processes: processes.select(),
      }),
      ...(nameOfGroup && !isForVerdict && { units: units.select(nameOfGroup, filters) }),
      ...(rules && { ephemeral: ephemeral.select(classes.now, rules, hasOwners, nowMs) }),
      ...(closeWait && { closeWait: countCloseWait(closeWait, limits.closeWaitStuckAfterMs, limits.processes) }),
      ...(processFds && { processFds: keepFds(processFds, limits.processes) }),
    };
  };

  function update({ now, before }: TallyInput['classes'], filters: Filters | undefined): void {
    const { isFullRecount, removed } = table.changes;
    const isFilteredAnew = filters !== leftOut.filters;
    if (isFullRecount || isFilteredAnew) {
      leftOut.begin(filters);
      for (const part of filtered) part.reset(filters);
    }
    leftOut.learnNames();
    if (isFullRecount) for (const part of whole) part.reset();
    if (isFilteredAnew && !isFullRecount) {
      countRows(whole, removed, -1, before);
      countRows(whole, table.added, 1, now);
      countRows(filtered, table.all, 1, now);
    } else {
      countRows([...filtered, ...whole], removed, -1, before);
      countRows([...filtered, ...whole], table.added, 1, now);
    }
  }
}

interface Counting {
  count(rows: Rows, step: 1 | -1, classes: PortClasses): void;
}

function countRows(parts: readonly Counting[], all: Rows, step: 1 | -1, classes: PortClasses): void {
  for (const rows of chunksOf(all)) for (const part of parts) part.count(rows, step, classes);
}

/** Processes nearest to their limit first; those without a limit by what they have open. */
function keepFds(fds: readonly ProcessFds[], limit: number) {
  const fill = ({ open, limit: most }: ProcessFds) => (most === undefined || most === 0 ? open / 2 ** 31 : open / most);
  return keepLargest(fds, limit, fill, ({ process }) => process);
}
