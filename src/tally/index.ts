import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { ProcessFds, SocketCounts } from '../model/socket-counts.ts';
import type { SocketTable } from '../model/socket-table.ts';
import type { TcpState } from '../model/tcp-state.ts';
import { countCloseWait } from './close-wait.ts';
import { createConnectionsTally } from './connections.ts';
import { createEphemeralTally } from './ephemeral.ts';
import { inheritOwners } from './inherit-owners.ts';
import { keepLargest } from './largest-values.ts';
import { countListeners } from './listeners.ts';
import { createLocalPortsTally } from './local-ports.ts';
import { NotedRows } from './noted-rows.ts';
import { groupPeers } from './peers.ts';
import { classifyPorts } from './port-classes.ts';
import { countUnattributed, createProcessesTally } from './processes.ts';
import { createRemoteIpsTally } from './remote-ips.ts';
import { countStates } from './states.ts';
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

/** All counts of a table, in one call per scrape. Remembers which cells were on the last page; the table stays the same. */
export function createTally(table: SocketTable, limits: TallyLimits): (input: TallyInput) => SocketCounts {
  const noted = new NotedRows();
  const countConnections = createConnectionsTally(table, limits.connections, noted);
  const countLocalPorts = createLocalPortsTally(table, limits.localPorts);
  const countRemoteIps = createRemoteIpsTally(table, limits.remoteIps);
  const countProcesses = createProcessesTally(table, limits.processes);
  const countUnits = createUnitsTally(table, limits.units);
  const countEphemeral = createEphemeralTally(table, limits.destinations, noted);

  return function tally({ rules, hasOwners, nameOfGroup, closeWait, processFds, unseenStates }) {
    const classes = classifyPorts(table, rules);
    const peers = groupPeers(table, limits);
    inheritOwners(table, classes, hasOwners);
    if (closeWait !== undefined) inheritOwners(closeWait, classes, hasOwners);
    return {
      states: countStates(table, unseenStates),
      connections: countConnections(classes, peers),
      localPorts: countLocalPorts(classes),
      remoteIps: countRemoteIps(peers),
      listeners: countListeners(table, limits.listeners),
      ...(hasOwners && { processes: countProcesses(), unattributed: countUnattributed(table) }),
      ...(nameOfGroup && { units: countUnits(nameOfGroup) }),
      ...(rules && { ephemeral: countEphemeral(classes, rules, hasOwners) }),
      ...(closeWait && { closeWait: countCloseWait(closeWait, limits.closeWaitStuckAfterMs, limits.processes) }),
      ...(processFds && { processFds: keepFds(processFds, limits.processes) }),
    };
  };
}

/** Processes nearest to their limit first; those without one by what they have open. */
function keepFds(fds: readonly ProcessFds[], limit: number) {
  const fill = ({ open, limit: most }: ProcessFds) => (most === undefined || most === 0 ? open / 2 ** 31 : open / most);
  return keepLargest(fds, limit, fill, ({ process }) => process);
}
