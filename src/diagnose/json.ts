import type { Snapshot } from '../model/snapshot.ts';
import type { ListenerCell, StateCounts } from '../model/socket-counts.ts';
import { KNOWN_STATES, stateLabel, TcpState } from '../model/tcp-state.ts';
import { ownerOf, takenTowards } from '../verdict/busiest.ts';
import { socketsIn } from '../verdict/evidence.ts';
import { inferTimeWaitOwners } from '../verdict/inferred-owners.ts';
import { EXIT_CODES, type View } from './view.ts';

/** Rises when a field changes its meaning or goes; new fields may come at any time. */
const SCHEMA = 1;

const ROWS = 20;

/** The verdict and the numbers behind it as one document; its fields are in docs/diagnose.md. What is not known is not there. */
export function toDocument({ now, before, verdict, place, time, notes, options }: View) {
  const { snapshot } = now;
  const { sockets = {}, settings, namespace } = snapshot;
  const top = options.top ?? ROWS;
  const largest = <Cell extends { readonly sockets: number; readonly state: number }>(
    cells: readonly Cell[] | undefined,
  ) =>
    cells
      ?.toSorted((one, other) => other.sockets - one.sockets)
      .slice(0, top)
      .map((cell) => ({ ...cell, state: stateLabel(cell.state) }));
  return {
    schema: SCHEMA,
    host: place,
    time: time.toISOString(),
    status: verdict.status,
    exitCode: EXIT_CODES[verdict.status],
    ...(before !== undefined && { intervalSeconds: before.secondsAgo }),
    findings: verdict.findings,
    headroom: verdict.headroom,
    figures: verdict.figures,
    states: sockets.states && { ipv4: byLabel(sockets.states.ipv4), ipv6: byLabel(sockets.states.ipv6) },
    ranges: sockets.ephemeral?.families,
    destinations: sockets.ephemeral?.destinations.cells.slice(0, top).map((cell) => ({
      ...cell,
      portsTaken: takenTowards(cell),
      owner: ownerOf(snapshot, cell),
    })),
    localPorts: largest(sockets.localPorts?.cells),
    remoteIps: largest(sockets.remoteIps?.cells),
    processes: largest(sockets.processes?.cells),
    units: largest(sockets.units?.cells),
    timeWaitOwners: sockets.connections && inferTimeWaitOwners(snapshot).slice(0, top),
    closeWait: sockets.closeWait,
    listeners: acceptQueuesOf(snapshot)?.slice(0, top),
    descriptors: sockets.processFds?.cells.slice(0, top),
    counters: snapshot.counters,
    settings,
    namespace,
    collectors: snapshot.outcomes,
    notes,
  };
}

/** The longest first. Not known where nobody tells the queue of any listener: a source without queues, such as Windows. */
function acceptQueuesOf(snapshot: Snapshot): ListenerCell[] | undefined {
  const cells = snapshot.sockets?.listeners?.cells;
  const isUnknown = cells?.length === 0 && (socketsIn(snapshot, TcpState.listen) ?? 0) > 0;
  return isUnknown ? undefined : cells?.toSorted((one, other) => other.queueLength - one.queueLength);
}

function byLabel(counts: StateCounts): Record<string, number> {
  return Object.fromEntries(
    KNOWN_STATES.flatMap((state) => (counts[state] === undefined ? [] : [[stateLabel(state), counts[state]]])),
  );
}
