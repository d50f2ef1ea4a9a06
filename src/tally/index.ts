import { inheritOwners, listenersByPort } from '../enrich/inherit-owners.ts';
import { ListenerChanges } from '../enrich/listener-changes.ts';
import { createTimeWaitReuse } from '../enrich/time-wait-reuse.ts';
import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { ProcessFds, SocketCounts } from '../model/socket-counts.ts';
import type { TcpState } from '../model/tcp-state.ts';
import { groupPeers } from '../table/peers.ts';
import { PortClassTable } from '../table/port-classes.ts';
import { chunksOf } from '../table/row-changes.ts';
import { localPortOf, ROW_WORDS } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { countCloseWait } from './close-wait.ts';
import { createConnectionsTally } from './connections.ts';
import { keepLargest } from './counting/largest-values.ts';
import { createEphemeralTally } from './ephemeral.ts';
import { countListeners } from './listeners.ts';
import { createLocalPortsTally } from './local-ports.ts';
import { createProcessesTally, createUnattributedTally } from './processes.ts';
import { createRemoteIpsTally } from './remote-ips.ts';
import { createStatesTally } from './states.ts';
import { createUnitsTally } from './units.ts';

/** What is known besides the rows. Absent = its breakdowns are absent. */
export interface TallyInput {
  readonly rules: EphemeralRules | undefined;
  /** Whether the owners of the rows were looked for. */
  readonly hasOwners: boolean;
  readonly nameOfGroup: ((groupId: bigint) => string | undefined) | undefined;
  /** CLOSE_WAIT sockets and listeners, read for their age. */
  readonly closeWait: SocketTable | undefined;
  readonly processFds: readonly ProcessFds[] | undefined;
  /** States that the source of the rows does not show. */
  readonly unseenStates: readonly TcpState[];
}

/**
 * All counts of a table, in one call per scrape. Only what has changed since the last call is counted; the table stays the
 * same, and may be turned afterwards. Remembers too which cells were on the last page.
 */
export function createTally(table: SocketTable, limits: TallyLimits): (input: TallyInput) => SocketCounts {
  const peers = groupPeers(table, limits);
  const ports = new PortClassTable();
  const listenerChanges = new ListenerChanges();
  /** 1 for every port whose sockets are counted in another way than before. */
  const changedPorts = new Uint8Array(65_536);
  const markTaken = createTimeWaitReuse(table);
  const states = createStatesTally();
  const connections = createConnectionsTally(table, limits.connections, peers);
  const localPorts = createLocalPortsTally(limits.localPorts);
  const remoteIps = createRemoteIpsTally(table, limits.remoteIps, peers);
  const processes = createProcessesTally(table, limits.processes);
  const unattributed = createUnattributedTally();
  const units = createUnitsTally(table, limits.units);
  const ephemeral = createEphemeralTally(table, limits.destinations);
  const parts = [states, connections, localPorts, remoteIps, processes, unattributed, units, ephemeral];

  return function tally({ rules, hasOwners, nameOfGroup, closeWait, processFds, unseenStates }) {
    update(rules, hasOwners);
    if (closeWait !== undefined) inheritOwners(closeWait, closeWait.added, listenersByPort(closeWait), hasOwners);
    const counts = {
      states: states.select(unseenStates),
      connections: connections.select(),
      localPorts: localPorts.select(),
      remoteIps: remoteIps.select(),
      listeners: countListeners(table, limits.listeners),
      ...(hasOwners && { processes: processes.select(), unattributed: unattributed.select() }),
      ...(nameOfGroup && { units: units.select(nameOfGroup) }),
      ...(rules && { ephemeral: ephemeral.select(ports.classes, rules, hasOwners) }),
      ...(closeWait && { closeWait: countCloseWait(closeWait, limits.closeWaitStuckAfterMs, limits.processes) }),
      ...(processFds && { processFds: keepFds(processFds, limits.processes) }),
    };
    table.commit();
    return counts;
  };

  /** What left is counted out as it was counted in, by the classes that ports had then; what is new is counted in. */
  function update(rules: EphemeralRules | undefined, hasOwners: boolean): void {
    const { changes } = table;
    if (changes.isFresh) for (const part of [ports, ...parts]) part.reset();
    ports.count(changes.removed, -1);
    ports.count(table.added, 1);
    const classesBefore = ports.classes;
    changedPorts.fill(0);
    ports.update(rules, changedPorts);
    const listeners = listenersByPort(table);
    listenerChanges.update(table, listeners, changedPorts);
    if (!changes.isFresh && changedPorts.includes(1)) touchPorts(table, changedPorts);
    inheritOwners(table, table.added, listeners, hasOwners);
    markTaken(rules);
    peers.prepare();
    for (const rows of chunksOf(changes.removed)) for (const part of parts) part.count(rows, -1, classesBefore);
    for (const rows of chunksOf(table.added)) for (const part of parts) part.count(rows, 1, ports.classes);
  }
}

/** The rows on these ports are counted in another way now. */
function touchPorts(table: SocketTable, ports: Uint8Array): void {
  const { words } = table;
  for (let row = 0; row < table.length; row++) {
    if (ports[localPortOf(words, row * ROW_WORDS)] === 1) table.touch(row);
  }
}

/** Processes nearest to their limit first; those without one by what they have open. */
function keepFds(fds: readonly ProcessFds[], limit: number) {
  const fill = ({ open, limit: most }: ProcessFds) => (most === undefined || most === 0 ? open / 2 ** 31 : open / most);
  return keepLargest(fds, limit, fill, ({ process }) => process);
}
